// Leadership on the move: transfers, hand-over on resignation, priorities (dissertation §3.10).
#include <algorithm>

#include "raft/raft.h"

namespace keel::raft {

void Raft::OnTransferLeadership(const TransferLeadership& request) {
  const auto answer = [&](NodeId target, TransferOutcome outcome) {
    narrate_("transfer to ", target, ": ", ToString(outcome));
    out_->transfers.push_back({target, outcome});
  };
  if (role_ != Role::kLeader) return answer(request.target, TransferOutcome::kNotLeader);
  if (request.target == id()) return answer(request.target, TransferOutcome::kAlreadyThere);
  if (transfer_.has_value()) return answer(request.target, TransferOutcome::kBusy);
  const NodeId target = request.target.IsNone() ? BestSuccessor() : request.target;
  const Member* member = config().Find(target);
  const Progress* peer = Peer(target);
  const bool may_lead = member != nullptr && member->votes && member->priority > 0 &&
                        peer != nullptr && peer->health == Health::kWhole && !peer->wants_snapshot;
  if (!may_lead) return answer(request.target, TransferOutcome::kUnknownTarget);
  answer(target, TransferOutcome::kStarted);
  StartTransfer(target, /*is_asked_for=*/true);
}

// From now on nothing is proposed here, so that the target can catch up with the last entry.
void Raft::StartTransfer(NodeId target, bool is_asked_for) {
  transfer_ = Transfer{target, now_ + options_.election_timeout_ms, is_asked_for};
}

void Raft::AdvanceTransfer() {
  if (!transfer_.has_value() || transfer_->sent) return;
  const Progress* peer = Peer(transfer_->target);
  if (peer == nullptr || peer->CountedMatch() < log_.last().index) return;
  transfer_->sent = true;
  SendTimeoutNow(transfer_->target);
}

void Raft::ExpireTransfer() {
  if (!transfer_.has_value() || now_ < transfer_->deadline) return;
  narrate_("leads on: the transfer to ", transfer_->target, " took too long");
  if (transfer_->is_asked_for) {
    out_->transfers.push_back({transfer_->target, TransferOutcome::kTimedOut});
  }
  transfer_.reset();
}

void Raft::SendTimeoutNow(NodeId target) {
  lease_.poisoned = true;
  Send(target, TimeoutNow{});
}

void Raft::OnTimeoutNow(const Message& message) {
  if (role_ == Role::kLeader || !MayCampaign()) return;
  // The one who leads this term says so; anybody else has no leadership to give.
  if (leader_ != message.from && !leader_.IsNone()) return Drop(message, "it does not lead");
  narrate_("is asked by ", message.from, " to lead");
  StartElection(/*forced=*/true);
}

bool Raft::IsFitToLead(const Progress& peer) const {
  const Member* member = config().Find(peer.id);
  return member != nullptr && member->votes && member->priority > 0 && peer.IsLively() &&
         peer.health == Health::kWhole && !peer.wants_snapshot;
}

// The fit peer with the longest log; of equals the one with the highest priority.
NodeId Raft::BestSuccessor() const {
  NodeId best;
  Index best_match;
  uint32_t best_priority = 0;
  for (const Progress& peer : peers_) {
    if (!IsFitToLead(peer)) continue;
    const uint32_t priority = config().Find(peer.id)->priority;
    const bool is_better = best.IsNone() || peer.match > best_match ||
                           (peer.match == best_match && priority > best_priority);
    if (!is_better) continue;
    best = peer.id;
    best_match = peer.match;
    best_priority = priority;
  }
  return best;
}

// A leader yields to a fit peer of higher priority that has caught up, and not too often.
void Raft::MaybeYieldToPriority() {
  if (transfer_.has_value() || now_ < yield_not_before_ || config().IsJoint()) return;
  const Member* self = config().Find(id());
  if (self == nullptr) return;
  NodeId heir;
  uint32_t highest = self->priority;
  for (const Progress& peer : peers_) {
    // Asked at the end of a window: who was silent in it is not trusted with leadership unasked.
    if (!peer.active || !IsFitToLead(peer) || peer.match < commit_at_broadcast_) continue;
    const uint32_t priority = config().Find(peer.id)->priority;
    if (priority <= highest) continue;
    heir = peer.id;
    highest = priority;
  }
  if (heir.IsNone()) return;
  narrate_("yields to ", heir, ", whose priority is higher");
  yield_not_before_ = now_ + 10 * options_.election_timeout_ms;
  StartTransfer(heir, /*is_asked_for=*/false);
}

}  // namespace keel::raft
