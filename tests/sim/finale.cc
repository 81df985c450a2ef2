#include "tests/sim/finale.h"

#include <string>

namespace keel::sim {

namespace {

constexpr uint64_t kLeaderTimeouts = 20;
constexpr uint64_t kSettleTimeouts = 60;
constexpr uint64_t kEqualTimeouts = 20;
constexpr uint64_t kQuietTimeouts = 6;
// Until then what storms have held up may still arrive.
constexpr Micros kStormsEchoFor = 5 * kSecond;
constexpr Micros kLook = 20 * kMillisecond;

std::string Name(NodeId id) { return std::to_string(id.value()); }

}  // namespace

Micros Finale::Timeouts(uint64_t count) const {
  return count * world_->profile().election_timeout();
}

template <class Holds, class Why>
bool Finale::Await(uint64_t timeouts, std::string_view rule, const Holds& holds, const Why& why) {
  const Micros deadline = world_->now() + Timeouts(timeouts);
  while (!holds()) {
    if (world_->now() >= deadline) {
      world_->checker().Report(
          rule, NodeId(),
          "not within " + std::to_string(timeouts) + " election timeouts after healing: " + why());
      return false;
    }
    if (!world_->RunUntil(world_->now() + kLook)) return false;
  }
  return true;
}

// A leader that has committed in its term.
Host* Finale::WorkingLeader() const {
  Host* const leader = world_->Leader();
  if (leader == nullptr) return nullptr;
  const raft::Raft& core = leader->core();
  return core.log().TermAt(core.commit()) == core.term() ? leader : nullptr;
}

// What still keeps the cluster from being whole; empty if nothing does.
std::string Finale::WhyNotSettled() const {
  Host* const leader = WorkingLeader();
  if (leader == nullptr) return "there is no leader";
  const raft::Raft& core = leader->core();
  const raft::Config& config = core.config();
  if (config.IsJoint()) return "the config is joint";
  if (core.configs().current_index() > core.commit()) return "the config is not committed";
  for (const raft::Member& member : config.members()) {
    const Host& host = world_->HostOf(member.id);
    if (member.promote_when_caught_up) return Name(member.id) + " is not promoted";
    if (host.disk().is_wiped()) return Name(member.id) + " was wiped and is not replaced";
    if (!host.IsWhole()) return Name(member.id) + " is not whole";
    if (host.core().health() != raft::Health::kWhole) return Name(member.id) + " is unwell";
  }
  return "";
}

std::string Finale::WhyNotEqual() const {
  Host* const leader = WorkingLeader();
  if (leader == nullptr) return "there is no leader";
  for (const raft::Member& member : leader->core().config().members()) {
    const Host& host = world_->HostOf(member.id);
    if (host.state().applied() != leader->core().log().last()) {
      return Name(member.id) + " has not applied everything";
    }
    if (host.state().hash() != leader->state().hash()) {
      return Name(member.id) + " has another state than the leader";
    }
  }
  return "";
}

bool Finale::Run() {
  const Micros healed_at = world_->now();
  const bool led = Await(
      kLeaderTimeouts, "leader-after-heal", [this] { return WorkingLeader() != nullptr; },
      [] { return std::string("no leader has committed in its term"); });
  if (!led) return false;
  leader_after_timeouts_ = static_cast<double>(world_->now() - healed_at) /
                           static_cast<double>(world_->profile().election_timeout());
  const uint64_t acknowledged = world_->clients().tally().acknowledged_writes;
  const bool serves = Await(
      kLeaderTimeouts, "serves-after-heal",
      [&] { return world_->clients().tally().acknowledged_writes > acknowledged; },
      [] { return std::string("no write is acknowledged"); });
  if (!serves) return false;
  // A member behind narrow limits may not keep up with the load; it need not.
  world_->StopClients();
  const bool settled = Await(
      kSettleTimeouts, "settles-after-heal",
      [this] {
        (void)nemesis_->ReplaceWiped();
        return WhyNotSettled().empty();
      },
      [this] { return WhyNotSettled(); });
  if (!settled) return false;
  const bool equal = Await(
      kEqualTimeouts, "replicas-equal", [this] { return WhyNotEqual().empty(); },
      [this] { return WhyNotEqual(); });
  if (!equal) return false;
  const Micros calm_at = healed_at + kStormsEchoFor;
  if (world_->now() < calm_at && !world_->RunUntil(calm_at)) return false;
  return StaysQuiet() && EverybodyReads() && JudgeHistory();
}

// A leader may still hand over to a member of higher priority; nobody else may disturb it.
bool Finale::StaysQuiet() {
  const bool leads = Await(
      kLeaderTimeouts, "quiet-after-heal", [this] { return WorkingLeader() != nullptr; },
      [] { return std::string("there is no leader any more"); });
  if (!leads) return false;
  Host* leader = world_->Leader();
  Term term = leader->core().term();
  for (Micros end = world_->now() + Timeouts(kQuietTimeouts); world_->now() < end;) {
    if (!world_->RunUntil(world_->now() + kLook)) return false;
    Host* const now_leads = world_->Leader();
    if (now_leads == leader && leader->core().term() == term) continue;
    const raft::Member* before = leader->core().config().Find(leader->id());
    const raft::Config& config = leader->core().config();
    bool outranked = false;
    for (const raft::Member& member : config.members()) {
      outranked |= before == nullptr || (member.votes && member.priority > before->priority);
    }
    if (!outranked) {
      world_->checker().Report("quiet-after-heal", leader->id(),
                               "its leadership of term " + std::to_string(term.value()) +
                                   " is disturbed although nothing is wrong");
      return false;
    }
    const bool led = Await(
        kLeaderTimeouts, "quiet-after-heal", [this] { return WorkingLeader() != nullptr; },
        [] { return std::string("a hand-over to a higher priority does not end"); });
    if (!led) return false;
    leader = world_->Leader();
    term = leader->core().term();
    end = world_->now() + Timeouts(kQuietTimeouts);
  }
  return true;
}

// Every member answers a linearizable read of every key; the history then judges the answers.
bool Finale::EverybodyReads() {
  const Host& leader = *world_->Leader();
  std::vector<OpId> asked;
  for (const raft::Member& member : leader.core().config().members()) {
    std::vector<Host::ReadAsked> reads;
    for (uint32_t key = 0; key < KvState::kKeys; ++key) {
      const Op op{.kind = OpKind::kRead, .key = key, .invoked_at = world_->now()};
      reads.push_back({world_->clients().history().Add(op), key});
      asked.push_back(reads.back().op);
    }
    // Small limits on reads in flight are for the load; here one after the other is asked.
    for (const Host::ReadAsked& read : reads) {
      world_->HostOf(member.id).Read({read});
      if (!world_->RunUntil(world_->now() + kLook)) return false;
    }
  }
  return Await(
      5, "reads-after-heal",
      [&] {
        for (const OpId op : asked) {
          if (world_->clients().history().At(op).outcome != Outcome::kOk) return false;
        }
        return true;
      },
      [] { return std::string("a member does not answer a linearizable read"); });
}

bool Finale::JudgeHistory() {
  world_->clients().GiveUp(world_->now());
  for (const std::string& finding : world_->clients().history().Check()) {
    world_->checker().Report("linearizable", NodeId(), finding);
  }
  return world_->checker().IsClean();
}

}  // namespace keel::sim
