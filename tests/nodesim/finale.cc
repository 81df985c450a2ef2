#include "tests/nodesim/finale.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

namespace keel::nodesim {

namespace {

constexpr uint64_t kLeaderTimeouts = 20;
constexpr uint64_t kSettleUs = 40'000'000;
constexpr uint64_t kEndUs = 30'000'000;
constexpr uint64_t kReadUs = 5'000'000;
constexpr uint64_t kArchiveUs = 15'000'000;
constexpr uint64_t kExposureMs = 1'000;
constexpr uint64_t kArchiveSettleUs = 1'000'000;

std::string Name(NodeId id) { return "member " + std::to_string(id.value()); }

// What a member's state says, whole, as one text to compare.
struct Contents {
  bool is_there = false;
  Index applied;
  uint64_t chain_hash = 0;
  Revision revision;
  Revision compacted;
  std::map<kv::LeaseId, kv::Lease> leases;
  std::string membership;
  std::vector<kv::KeyValue> keys;
};

// What `one` says otherwise than `first`; empty: nothing.
std::string Difference(const Contents& first, const Contents& one) {
  if (one.chain_hash != first.chain_hash) return "the chain hash";
  if (one.revision != first.revision) return "the revision";
  if (one.compacted != first.compacted) return "the compacted revision";
  if (one.leases != first.leases) return "the leases";
  if (one.membership != first.membership) return "the membership";
  return one.keys != first.keys ? "the keys" : "";
}

Contents ContentsOf(const node::StateMachine& machine) {
  const kv::StoreState& state = machine.store().state();
  const auto view = machine.view();
  Contents contents{.applied = state.applied,
                    .chain_hash = state.chain_hash,
                    .revision = view->revision(),
                    .compacted = view->compacted(),
                    .leases = machine.store().leases().leases(),
                    .membership = machine.membership()};
  auto found = view->Range({.keys = kv::PrefixRange("")});
  if (!found.ok()) return contents;
  contents.keys = std::move(found->kvs);
  contents.is_there = true;
  return contents;
}

}  // namespace

uint64_t Finale::TimeoutsUs(uint64_t count) const {
  return count * stage_->profile().election_timeout();
}

bool Finale::Await(uint64_t patience_us, std::string_view rule,
                   const std::function<std::string()>& why_not,
                   const std::function<bool()>& is_excused) {
  constexpr uint64_t kLookUs = 20'000;
  const uint64_t settled_by_us = stage_->now_us() + std::max(patience_us, kSettleUs);
  uint64_t left_us = patience_us;
  while (true) {
    const std::string why = why_not();
    if (why.empty()) return true;
    if (left_us == 0 || stage_->now_us() >= settled_by_us) {
      stage_->checker().Report(rule, NodeId(),
                               "not within " + std::to_string(patience_us / 1000) + " ms: " + why);
      return false;
    }
    if (!stage_->RunFor(kLookUs)) return false;
    if (is_excused && is_excused()) continue;
    left_us -= std::min(left_us, kLookUs);
  }
}

// By chunks of 1 KiB, one under way, the stream of a state may take ten seconds; and in a joint
// config nothing may be committed without the very voter that waits for it.
bool Finale::FeedsAVoter() {
  Place* const leader = stage_->Leader();
  if (leader == nullptr) return false;
  const raft::Raft& core = leader->member->node().core();
  return std::ranges::any_of(core.peers(), [&core](const raft::Progress& peer) {
    return peer.state == raft::FlowState::kSnapshot && core.config().IsVoter(peer.id);
  });
}

// What still keeps the cluster from being whole; empty if nothing does.
std::string Finale::WhyNotSettled() {
  Place* leader = stage_->WorkingLeader();
  if (leader == nullptr) return "there is no leader";
  const raft::Raft& core = leader->member->node().core();
  const raft::Config& config = core.config();
  if (config.IsJoint()) return "the config is joint";
  if (core.configs().current_index() > core.commit()) return "the config is not committed";
  for (const raft::Member& member : config.members()) {
    const Place& place = stage_->PlaceOf(member.id);
    if (member.promote_when_caught_up) return Name(member.id) + " is not promoted";
    if (!place.member->IsUp()) return Name(member.id) + " is down";
    const raft::Raft& other = place.member->node().core();
    if (other.health() != raft::Health::kWhole) return Name(member.id) + " is not whole";
    if (other.state_lost()) return Name(member.id) + " has lost its state";
  }
  return "";
}

std::string Finale::WhyNotEqual() {
  if (const std::string why = WhyNotSettled(); !why.empty()) return why;
  const raft::Raft& core = stage_->WorkingLeader()->member->node().core();
  for (const raft::Member& member : core.config().members()) {
    const raft::Raft& other = stage_->PlaceOf(member.id).member->node().core();
    if (other.applied() != core.log().last().index) {
      return Name(member.id) + " has applied " + std::to_string(other.applied().value()) + " of " +
             std::to_string(core.log().last().index.value());
    }
  }
  return "";
}

bool Finale::Run() {
  nemesis_->HealAll();
  const uint64_t healed_us = stage_->now_us();
  const auto is_fed = [this] { return FeedsAVoter(); };
  const auto not_led = [this] {
    return stage_->WorkingLeader() != nullptr ? "" : "no leader has committed in its term";
  };
  if (!Await(TimeoutsUs(kLeaderTimeouts), "leader-after-heal", not_led, is_fed)) return false;
  leader_after_timeouts_ = static_cast<double>(stage_->now_us() - healed_us) /
                           static_cast<double>(stage_->profile().election_timeout());
  const uint64_t acknowledged = stage_->desk().tally().acknowledged_writes;
  const auto not_served = [this, acknowledged] {
    return stage_->desk().tally().acknowledged_writes > acknowledged ? ""
                                                                     : "no write is acknowledged";
  };
  if (!Await(TimeoutsUs(kLeaderTimeouts), "serves-after-heal", not_served, is_fed)) return false;
  if (!ArchiveKeepsUp()) return false;
  stage_->desk().Close();
  if (!Await(kSettleUs, "settles-after-heal", [this] { return WhyNotSettled(); })) return false;
  // A client that must have an answer asks any member until it has one: one that was removed has
  // none to give.
  stage_->RetireRemoved();
  const bool expired = Await(stage_->leases().LongestUs() + TimeoutsUs(kLeaderTimeouts),
                             "lease-ends", [this] { return stage_->leases().WhyNotExpired(); });
  if (!expired) return false;
  const bool answered = Await(kEndUs, "every-request-ends", [this]() -> std::string {
    if (std::string why = stage_->desk().WhyNotIdle(); !why.empty()) return why;
    return stage_->sessions().IsIdle() ? "" : "a session's put has no answer";
  });
  if (!answered) return false;
  if (!Await(kEndUs, "replicas-equal", [this] { return WhyNotEqual(); })) return false;
  const bool watched =
      Await(kEndUs, "watch", [this] { return stage_->followers().WhyNotComplete(); });
  return watched && EverybodyReads() && StatesAreEqual() && ArchiveIsWhole() && Judge();
}

// While clients write: no alarm, and what waits has not waited for long.
bool Finale::ArchiveKeepsUp() {
  if (!stage_->depot().is_on()) return true;
  return Await(kArchiveUs, "archive-keeps-up", [this]() -> std::string {
    Place* const leader = stage_->WorkingLeader();
    if (leader == nullptr) return "there is no leader";
    const auto counts = stage_->depot().CountsOf(leader->member->id());
    if (!counts.has_value() || !counts->leads) return "its archiver does not lead";
    if (counts->has_alarm) return "its alarm is on";
    return counts->exposure_ms <= kExposureMs
               ? ""
               : "a write waits for " + std::to_string(counts->exposure_ms) + " ms";
  });
}

bool Finale::ArchiveIsWhole() {
  if (!stage_->depot().is_on()) return true;
  Index applied;
  const bool is_quiet = Await(kArchiveUs, "archive-is-whole", [this, &applied]() -> std::string {
    Place* const leader = stage_->WorkingLeader();
    if (leader == nullptr) return "there is no leader";
    const auto counts = stage_->depot().CountsOf(leader->member->id());
    if (!counts.has_value() || counts->exposure_ms > 0 || counts->has_alarm) {
      return "something waits to be archived";
    }
    applied = leader->member->node().status().applied;
    return "";
  });
  if (!is_quiet) return false;
  // Its exposure is of a moment ago.
  stage_->RunFor(kArchiveSettleUs);
  stage_->archive_judge().JudgeEnd(applied);
  return stage_->checker().IsClean();
}

// Every member answers a linearizable read of every key; the history then judges the answers.
bool Finale::EverybodyReads() {
  const std::vector<std::string> keys = stage_->chronicle().Keys();
  size_t awaited = 0;
  const raft::Config& config = stage_->WorkingLeader()->member->node().core().config();
  for (const raft::Member& member : config.members()) {
    ++awaited;
    SimMember* asked = stage_->PlaceOf(member.id).member;
    const uint64_t asked_us = stage_->now_us();
    stage_->desk().Read(asked, [this, &awaited, &keys, asked_us](const node::ReadOutcome* outcome) {
      const auto* view =
          outcome == nullptr ? nullptr : std::get_if<std::shared_ptr<const kv::ReadView>>(outcome);
      if (view == nullptr) return;
      --awaited;
      for (const std::string& key : keys) {
        const auto found = (*view)->Get(key, (*view)->revision());
        if (!found.ok()) {
          return stage_->desk().Report("reads-after-heal", found.status().ToString());
        }
        const Revision mod = found->has_value() ? (*found)->mod : Revision();
        stage_->desk().history().Add({.kind = OpKind::kRead,
                                      .outcome = Outcome::kOk,
                                      .key = key,
                                      .invoked_us = asked_us,
                                      .returned_us = stage_->now_us(),
                                      .revision = (*view)->revision(),
                                      .mod = mod});
      }
    });
  }
  return Await(kReadUs, "reads-after-heal", [&awaited]() -> std::string {
    return awaited == 0 ? "" : "a member does not answer a linearizable read";
  });
}

// A leader goes on by itself, with checkpoints of leases: members that were looked at around one
// are looked at again.
bool Finale::StatesAreEqual() {
  std::shared_ptr<std::map<NodeId, Contents>> all;  // of the last look
  const raft::Config config = stage_->WorkingLeader()->member->node().core().config();
  const bool comparable = Await(kEndUs, "replicas-equal", [&]() -> std::string {
    const bool is_one =
        all != nullptr && std::all_of(all->begin(), all->end(), [&](auto& one) {
          return one.second.is_there && one.second.applied == all->begin()->second.applied;
        });
    if (is_one) return "";
    all = std::make_shared<std::map<NodeId, Contents>>();
    for (const raft::Member& member : config.members()) {
      all->try_emplace(member.id);
      stage_->PlaceOf(member.id).member->node().RunOnApply(
          [all, id = member.id](const node::StateMachine& machine) {
            (*all)[id] = ContentsOf(machine);
          });
    }
    stage_->RunFor(100'000);
    return "no two looks at all members meet the same entry";
  });
  if (!comparable) return false;
  const auto& first = *all->begin();
  for (const auto& [id, one] : *all) {
    if (const std::string what = Difference(first.second, one); !what.empty()) {
      stage_->checker().Report("replicas-equal", id, what + " is not that of " + Name(first.first));
    }
  }
  return stage_->checker().IsClean();
}

bool Finale::Judge() {
  for (const std::string& finding : stage_->desk().history().Check(stage_->chronicle())) {
    stage_->desk().Report("linearizable", finding);
  }
  stage_->followers().Check();
  stage_->leases().Check();
  return stage_->checker().IsClean();
}

}  // namespace keel::nodesim
