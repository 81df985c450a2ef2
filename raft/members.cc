// Membership: joint consensus, learners, automatic promotion, one-step replace (Raft §6;
// dissertation §4.2, §4.3).
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "raft/raft.h"

namespace keel::raft {

// Votes and replicas are counted by one and the same config: the last in the log. These two say so
// in ordinary builds; the mutants tell them apart.
const Config& Raft::VotingConfig() const {
  if (KEEL_MUTANT(kConfigAtApply13)) return *configs_.At(std::max(applied_, log_.base().index));
  return config();
}

const Config& Raft::CountingConfig() const {
  if (KEEL_MUTANT(kIgnoresUncommittedConfig14) && configs_.current_index() < term_start_) {
    return *configs_.At(commit_);
  }
  return config();
}

void Raft::OnChangeConfig(const ChangeConfig& change) {
  ConfigChangeResult result{
      .change = change.change, .refusal = WhyNotThisChange(change), .term = term()};
  if (result.refusal == ConfigRefusal::kNone) {
    // Without operations, what the driver keeps beside the config changes alone.
    const bool words_only = change.ops.empty() && !change.context.empty();
    Config::Change next;
    if (words_only) {
      next.config = std::make_shared<const Config>(config());
    } else {
      next = config().Apply(change.ops, [this](NodeId learner) { return IsCaughtUp(learner); });
    }
    result.refusal = next.refusal;
    if (next.config != nullptr) {
      AppendConfig(next.config, change.context.view());
      result.index = log_.last().index;
    }
  }
  if (result.refusal != ConfigRefusal::kNone) {
    narrate_("refuses to change the members: ", ToString(result.refusal));
  }
  out_->config_changes.push_back(result);
}

ConfigRefusal Raft::WhyNoChange() const {
  if (role_ != Role::kLeader) return ConfigRefusal::kNotLeader;
  if (transfer_.has_value()) return ConfigRefusal::kTransferring;
  if (config().IsJoint()) return ConfigRefusal::kChangePending;
  if (KEEL_MUTANT(kSingleServerUnsafe12)) return ConfigRefusal::kNone;
  // Without an entry of our own term committed, an unfinished change of an earlier leader could
  // still win against ours (Ongaro 2015).
  if (commit_ < term_start_) return ConfigRefusal::kNotReady;
  if (configs_.current_index() > commit_) return ConfigRefusal::kChangePending;
  return ConfigRefusal::kNone;
}

ConfigRefusal Raft::WhyNotThisChange(const ChangeConfig& change) const {
  if (change.context.size() > options_.config_context_bytes_max) {
    return ConfigRefusal::kContextTooLarge;
  }
  // A voter that has forgotten its votes would be taken for a new learner, and one day be promoted
  // under the id under which it has voted.
  for (const ConfigOp& op : change.ops) {
    const Progress* peer = op.kind == ConfigOpKind::kDemote ? Peer(op.id) : nullptr;
    if (peer != nullptr && peer->health == Health::kEmpty) return ConfigRefusal::kWiped;
  }
  return WhyNoChange();
}

void Raft::AppendConfig(const std::shared_ptr<const Config>& next, std::string_view context) {
  std::shared_ptr<const Config> config = next;
  if (config->IsJoint() && (KEEL_MUTANT(kDirectSwitch23) || KEEL_MUTANT(kSingleServerUnsafe12))) {
    config = config->LeaveJoint();
  }
  AppendOwn(EntryKind::kConfig, Payload::Of(config->Encode(context)));
  configs_.Append(log_.last().index, config);
  narrate_("has the members ", *config, " from entry ", log_.last().index);
  OnConfigAppended();
}

// The config in force has changed under a leader: it feeds exactly those who belong to it.
void Raft::OnConfigAppended() {
  std::vector<Progress> next;
  for (const Member& member : config().members()) {
    if (member.id == id()) continue;
    if (Progress* known = Peer(member.id); known != nullptr) {
      next.push_back(std::move(*known));
      continue;
    }
    Progress fresh{.id = member.id, .next = log_.last().index.Next()};
    fresh.catchup_target = log_.last().index;
    fresh.catchup_began_at = now_;
    next.push_back(std::move(fresh));
  }
  peers_ = std::move(next);
  lease_.until = Instant();  // to be earned again from those who now decide
  commit_may_move_ = true;
  const Member* self = config().Find(id());
  const bool leaves = self == nullptr || !self->votes;
  if (KEEL_MUTANT(kRemovedLeaderWedges20) && config().IsJoint() && leaves) {
    resign_at_finish_ = true;
  }
}

// The config in force is committed: a joint one is left, and who is out of it goes.
void Raft::OnConfigCommitted() {
  if (role_ != Role::kLeader) {
    if (config().WasRemoved(id())) OnRemoved();
    return;
  }
  const Member* self = config().Find(id());
  if (config().IsJoint()) {
    if (KEEL_MUTANT(kStepsDownInJoint19) && (self == nullptr || !self->votes)) {
      resign_at_finish_ = true;
      return;
    }
    if (KEEL_MUTANT(kNoAutoLeave15)) return;
    if (KEEL_MUTANT(kRecoveredJoint18) && configs_.current_index() < term_start_) return;
    // Whoever leads finishes the change, even if another began it (etcd 12136, camunda 60086).
    AppendConfig(config().LeaveJoint(), {});
    return;
  }
  // It has led its own removal to the end, and only now may go (cockroach 105578).
  if (self == nullptr || !self->IsVoter()) resign_at_finish_ = true;
}

bool Raft::IsCaughtUp(NodeId learner) const {
  if (KEEL_MUTANT(kPromotesLaggard24)) return true;
  const Progress* peer = Peer(learner);
  return peer != nullptr && peer->caught_up && peer->health == Health::kWhole &&
         !peer->wants_snapshot && peer->state == FlowState::kReplicate &&
         now_ < peer->heard_at + options_.election_timeout_ms &&
         peer->match >= commit_at_broadcast_;
}

void Raft::PromoteLearners() {
  if (WhyNoChange() != ConfigRefusal::kNone) return;
  std::vector<ConfigOp> ops;
  for (const Member& member : config().members()) {
    if (!member.promote_when_caught_up || !IsCaughtUp(member.id)) continue;
    ops.push_back({.kind = ConfigOpKind::kPromote, .id = member.id});
  }
  if (ops.empty()) return;
  const Config::Change next = config().Apply(ops, [](NodeId) { return true; });
  if (next.config != nullptr) AppendConfig(next.config, {});
}

}  // namespace keel::raft
