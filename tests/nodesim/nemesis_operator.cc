// The nemesis as an operator: members come, go and change, leadership moves, history is compacted.
#include <algorithm>
#include <utility>

#include "tests/nodesim/nemesis.h"

namespace keel::nodesim {

namespace {

constexpr size_t kVotersMax = 7;
constexpr size_t kMembersMax = 8;
constexpr size_t kPlacesMax = 18;

}  // namespace

bool Nemesis::Ask(FaultKind kind, std::vector<raft::ConfigOp> ops) {
  Place* leader = stage_->WorkingLeader();
  if (leader == nullptr || ops.empty() || is_over_) return false;
  node::Node::MemberChange change{.ops = std::move(ops)};
  for (const raft::ConfigOp& op : change.ops) {
    const NodeId comes = op.kind == raft::ConfigOpKind::kReplace ? op.replacement : op.id;
    change.members.push_back({.id = comes, .name = "m" + std::to_string(comes.value())});
  }
  asked_ = kind;
  leader->member->node().ChangeMembers(std::move(change), [](const node::ProposalOutcome&) {});
  return true;
}

bool Nemesis::StartTransfer() {
  Place* leader = stage_->WorkingLeader();
  if (leader == nullptr) return false;
  const NodeId self = leader->member->id();
  const raft::Config& config = leader->member->node().core().config();
  if (config.VoterCount() < 2) return false;
  const NodeId target = prng_.OneIn(3) ? NodeId() : PickMember(config, true, self);
  leader->member->node().TransferLeadership(target, [](raft::TransferOutcome) {});
  return true;
}

// A random member that votes, or does not; none if there is no such member.
NodeId Nemesis::PickMember(const raft::Config& config, bool voters, NodeId besides) {
  std::vector<NodeId> fitting;
  for (const raft::Member& member : config.members()) {
    if (member.IsVoter() == voters && member.id != besides) fitting.push_back(member.id);
  }
  return fitting.empty() ? NodeId() : fitting[prng_.Below(fitting.size())];
}

// A running member that belongs to no cluster yet; null if there is no place for one.
Nemesis::Place* Nemesis::Spare() {
  Place* leader = stage_->WorkingLeader();
  if (leader == nullptr) return nullptr;
  const raft::Config& config = leader->member->node().core().config();
  for (const NodeId id : spares_) {
    Place& place = stage_->PlaceOf(id);
    const bool is_new = config.Find(id) == nullptr && !config.WasRemoved(id);
    if (!is_new || !place.member->IsUp() || place.is_retired || place.is_unwhole) continue;
    if (place.member->node().core().config().IsEmpty()) return &place;
  }
  if (stage_->places().size() >= kPlacesMax) return nullptr;
  Place& place = stage_->AddJoiner();
  spares_.push_back(place.member->id());
  return &place;
}

// No voter leaves while another one is not whole: the rest might be too few.
bool Nemesis::MayLoseVoter(const raft::Config& config) {
  return config.VoterCount() > 1 && EverybodyIsWhole();
}

bool Nemesis::StartAdd() {
  Place* leader = stage_->WorkingLeader();
  if (leader == nullptr) return false;
  const raft::Config& config = leader->member->node().core().config();
  if (config.members().size() >= kMembersMax) {
    const NodeId learner = PickMember(config, /*voters=*/false, NodeId());
    if (learner.IsNone()) return StartReplace();
    return Ask(FaultKind::kRemove, {{.kind = raft::ConfigOpKind::kRemove, .id = learner}});
  }
  Place* spare = Spare();
  if (spare == nullptr) return false;
  const bool votes = config.VoterCount() < kVotersMax && prng_.Chance(2, 3);
  return Ask(FaultKind::kAdd,
             {{.kind = votes ? raft::ConfigOpKind::kAddVoter : raft::ConfigOpKind::kAddLearner,
               .id = spare->member->id()}});
}

bool Nemesis::StartAlter() {
  Place* leader = stage_->WorkingLeader();
  if (leader == nullptr) return false;
  const raft::Config& config = leader->member->node().core().config();
  std::vector<raft::ConfigOp> ops;
  const NodeId learner = PickMember(config, /*voters=*/false, NodeId());
  // One that has lost something would be a voter on whom nobody can count: of two, one too many.
  const bool is_sound = !learner.IsNone() && !stage_->PlaceOf(learner).is_unwhole;
  if (is_sound && config.VoterCount() < kVotersMax && prng_.Chance(2, 3)) {
    ops.push_back({.kind = raft::ConfigOpKind::kPromote, .id = learner});
  }
  if ((ops.empty() || prng_.OneIn(3)) && config.VoterCount() > 2 && MayLoseVoter(config)) {
    const NodeId voter = PickMember(config, /*voters=*/true, NodeId());
    if (!voter.IsNone()) ops.push_back({.kind = raft::ConfigOpKind::kDemote, .id = voter});
  }
  return Ask(FaultKind::kAlter, std::move(ops));
}

bool Nemesis::StartRemove(bool leader) {
  Place* leads = stage_->WorkingLeader();
  if (leads == nullptr) return false;
  const raft::Config& config = leads->member->node().core().config();
  if (!MayLoseVoter(config)) return false;
  const NodeId self = leads->member->id();
  const NodeId leaves = leader ? self : PickMember(config, !prng_.OneIn(3), self);
  if (leaves.IsNone()) return false;
  return Ask(leader ? FaultKind::kRemoveLeader : FaultKind::kRemove,
             {{.kind = raft::ConfigOpKind::kRemove, .id = leaves}});
}

bool Nemesis::StartReplace() {
  Place* leader = stage_->WorkingLeader();
  if (leader == nullptr || !EverybodyIsWhole()) return false;
  const raft::Config& config = leader->member->node().core().config();
  const NodeId leaves = PickMember(config, /*voters=*/true, NodeId());
  Place* spare = Spare();
  if (spare == nullptr || leaves.IsNone()) return false;
  return Ask(
      FaultKind::kReplace,
      {{.kind = raft::ConfigOpKind::kReplace, .id = leaves, .replacement = spare->member->id()}});
}

bool Nemesis::StartSettings() {
  Place* leader = stage_->WorkingLeader();
  if (leader == nullptr) return false;
  const raft::Config& config = leader->member->node().core().config();
  return Ask(FaultKind::kSettings,
             {{.kind = raft::ConfigOpKind::kSetLeaseReads, .enabled = !config.lease_reads()}});
}

// The key space forgets what no watch needs any more.
bool Nemesis::StartCompact() {
  Place* place = PickUp();
  const Revision floor = stage_->followers().Floor();
  if (place == nullptr || floor <= Chronicle::kFirst.Next()) return false;
  kv::Command command;
  command.operation = kv::CompactOp{floor.Prev()};
  stage_->desk().Propose(place->member, std::move(command), [](const node::ProposalOutcome*) {});
  Count(FaultKind::kCompact);
  return true;
}

}  // namespace keel::nodesim
