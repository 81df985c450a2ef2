// The nemesis as an operator: members come, go and change, and leadership moves.
#include <algorithm>
#include <utility>

#include "tests/sim/nemesis.h"

namespace keel::sim {

namespace {

constexpr size_t kVotersMax = 7;
constexpr size_t kMembersMax = 10;
constexpr size_t kHostsMax = 28;  // the rest of the places is for replacing who was wiped

}  // namespace

// Asks the leader; true if it accepts.
bool Nemesis::Ask(FaultKind kind, std::vector<raft::ConfigOp> ops) {
  Host* const leader = world_->Leader();
  if (leader == nullptr) return false;
  changes_.push_back(kind);
  accepted_ = false;
  leader->Change(changes_.size(), std::move(ops));
  return accepted_;
}

void Nemesis::OnChanged(const raft::ConfigChangeResult& result) {
  if (result.refusal != raft::ConfigRefusal::kNone) return;
  accepted_ = true;
  Count(changes_[result.change - 1]);
}

void Nemesis::OnTransferred(const raft::TransferResult& result) {
  if (result.outcome != raft::TransferOutcome::kStarted) return;
  accepted_ = true;
  Count(FaultKind::kTransfer);
}

bool Nemesis::StartTransfer() {
  Host* const leader = world_->Leader();
  if (leader == nullptr) return false;
  const NodeId target =
      prng_.OneIn(3) ? NodeId() : PickMember(leader->core().config(), true, leader->id());
  accepted_ = false;
  leader->Transfer(target);
  return accepted_;
}

// A random member that votes, or does not; none if there is no such member.
NodeId Nemesis::PickMember(const raft::Config& config, bool voters, NodeId besides) {
  std::vector<NodeId> fitting;
  for (const raft::Member& member : config.members()) {
    if (member.IsVoter() == voters && member.id != besides) fitting.push_back(member.id);
  }
  return fitting.empty() ? NodeId() : fitting[prng_.Below(fitting.size())];
}

// A running host that belongs to no cluster yet; null if there is no place for one.
Host* Nemesis::Spare() {
  Host* const leader = world_->Leader();
  if (leader == nullptr) return nullptr;
  const raft::Config& config = leader->core().config();
  for (const Slot slot : spares_) {
    Host& host = world_->HostAt(slot);
    const bool is_new = config.Find(host.id()) == nullptr && !config.WasRemoved(host.id());
    if (is_new && host.IsUp() && host.core().config().IsEmpty()) return &host;
  }
  if (world_->hosts().size() >= (is_over_ ? kSlotsMax : kHostsMax)) return nullptr;
  Host& host = world_->AddJoiner();
  spares_.push_back(host.slot());
  return &host;
}

bool Nemesis::StartAdd() {
  Host* const leader = world_->Leader();
  if (leader == nullptr) return false;
  const raft::Config& config = leader->core().config();
  const auto& tombstones = config.tombstones();
  if (!tombstones.empty() && prng_.OneIn(6)) {
    // An id that was retired; it must not be taken.
    const NodeId retired = tombstones[prng_.Below(tombstones.size())];
    (void)Ask(FaultKind::kAdd, {{.kind = raft::ConfigOpKind::kAddVoter, .id = retired}});
    return false;
  }
  if (config.members().size() >= kMembersMax) return false;
  Host* const spare = Spare();
  if (spare == nullptr) return false;
  const bool votes = config.VoterCount() < kVotersMax && prng_.Chance(2, 3);
  raft::ConfigOp op{.kind = votes ? raft::ConfigOpKind::kAddVoter : raft::ConfigOpKind::kAddLearner,
                    .id = spare->id()};
  if (world_->profile().priorities) op.priority = static_cast<uint32_t>(prng_.Between(1, 4));
  std::vector<raft::ConfigOp> ops{op};
  const NodeId learner = PickMember(config, /*voters=*/false, NodeId());
  if (!learner.IsNone() && prng_.OneIn(4)) {
    ops.push_back({.kind = raft::ConfigOpKind::kRemove, .id = learner});
  }
  return Ask(FaultKind::kAdd, std::move(ops));
}

// No voter leaves while another one is not whole: the rest might be too few.
bool Nemesis::MayLoseVoter(const raft::Config& config) {
  return config.VoterCount() > 1 && UnwholeVoters(config) == 0;
}

bool Nemesis::StartAlter() {
  Host* const leader = world_->Leader();
  if (leader == nullptr) return false;
  const raft::Config& config = leader->core().config();
  std::vector<raft::ConfigOp> ops;
  const NodeId learner = PickMember(config, /*voters=*/false, NodeId());
  if (!learner.IsNone() && config.VoterCount() < kVotersMax && prng_.Chance(2, 3)) {
    ops.push_back({.kind = raft::ConfigOpKind::kPromote, .id = learner});
  }
  if ((ops.empty() || prng_.OneIn(2)) && MayLoseVoter(config)) {
    const NodeId voter = PickMember(config, /*voters=*/true, NodeId());
    ops.push_back({.kind = raft::ConfigOpKind::kDemote, .id = voter});
  }
  return !ops.empty() && Ask(FaultKind::kAlter, std::move(ops));
}

bool Nemesis::StartRemove(bool leader) {
  Host* const asked = world_->Leader();
  if (asked == nullptr) return false;
  const raft::Config& config = asked->core().config();
  NodeId leaves = asked->id();
  if (!leader) {
    const bool voters = MayLoseVoter(config) && prng_.OneIn(2);
    leaves = PickMember(config, voters, asked->id());
  } else if (!MayLoseVoter(config)) {
    return false;
  }
  if (leaves.IsNone()) return false;
  std::vector<raft::ConfigOp> ops{{.kind = raft::ConfigOpKind::kRemove, .id = leaves}};
  // At times several go, or one comes, in the same step.
  const NodeId also = PickMember(config, /*voters=*/true, leaves);
  if (prng_.OneIn(4) && MayLoseVoter(config) && config.VoterCount() > 3 && !also.IsNone()) {
    ops.push_back({.kind = raft::ConfigOpKind::kRemove, .id = also});
  }
  return Ask(leader ? FaultKind::kRemoveLeader : FaultKind::kRemove, std::move(ops));
}

bool Nemesis::StartReplace() {
  Host* const leader = world_->Leader();
  if (leader == nullptr) return false;
  const raft::Config& config = leader->core().config();
  if (config.members().size() >= kMembersMax) return false;
  const NodeId leaves = PickMember(config, prng_.Chance(3, 4), NodeId());
  Host* const spare = Spare();
  if (leaves.IsNone() || spare == nullptr) return false;
  return Ask(FaultKind::kReplace,
             {{.kind = raft::ConfigOpKind::kReplace, .id = leaves, .replacement = spare->id()}});
}

bool Nemesis::StartSettings() {
  Host* const leader = world_->Leader();
  if (leader == nullptr) return false;
  const raft::Config& config = leader->core().config();
  if (prng_.OneIn(2)) {
    return Ask(FaultKind::kSettings,
               {{.kind = raft::ConfigOpKind::kSetLeaseReads, .enabled = !config.lease_reads()}});
  }
  // Somebody must be left who may lead by himself.
  const NodeId whom = PickMember(config, /*voters=*/true, NodeId());
  if (whom.IsNone()) return false;
  return Ask(FaultKind::kSettings, {{.kind = raft::ConfigOpKind::kSetPriority,
                                     .id = whom,
                                     .priority = static_cast<uint32_t>(prng_.Between(1, 4))}});
}

bool Nemesis::ReplaceWiped() {
  Host* const leader = world_->Leader();
  if (leader == nullptr) return true;
  const raft::Config& config = leader->core().config();
  bool any = false;
  for (const raft::Member& member : config.members()) {
    if (!world_->HostOf(member.id).disk().is_wiped()) continue;
    any = true;
    const bool is_replaced =
        std::any_of(config.members().begin(), config.members().end(),
                    [&](const raft::Member& other) { return other.replaces == member.id; });
    if (is_replaced || config.IsJoint()) continue;
    Host* const spare = Spare();
    if (spare == nullptr) continue;
    return Ask(FaultKind::kReplace, {{.kind = raft::ConfigOpKind::kReplace,
                                      .id = member.id,
                                      .replacement = spare->id()}}) ||
           true;
  }
  return any;
}

}  // namespace keel::sim
