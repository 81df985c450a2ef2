// Proposals: to the core or to the leader, and back to who asked.
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "server/node/node.h"

namespace keel::node {

namespace {

constexpr uint64_t kRefusedRetryMs = 20;

}  // namespace

void Node::TakeProposal(Asked asked) {
  // An entry is an envelope around the command.
  if (asked.request.command.size() + 64 > options_.raft.entry_bytes_max) {
    return std::move(asked.done)(Dropped{DropReason::kTooLarge});
  }
  pending_.Add({.command = Payload::Of(std::move(asked.request.command)),
                .essential = asked.request.essential,
                .local_only = asked.request.local_only,
                .done = std::move(asked.done)},
               NowMs());
  if (core_->role() == raft::Role::kLeader && Gathers()) return GatherOn();
  ScheduleStep();
}

void Node::HandProposals() {
  if (!pending_.HasHeld() || NowMs() < proposals_wait_until_ms_) return;
  if (core_->role() == raft::Role::kLeader) return Gathers() ? GatherOn() : ProposeHere();
  if (!core_->leader().IsNone() && core_->leader() == leader_) ForwardTo(leader_);
}

// While entries are under way, what comes in meanwhile is worth one more write and message, not
// many: it goes when those are committed, or when it is enough, or has waited long enough.
bool Node::Gathers() const {
  if (stopping_ || core_->commit() >= core_->log().last().index) return false;
  if (pending_.held() >= options_.gather_max) return false;
  return gather_until_us_ == 0 || seams_.clock->MonotonicUs() < gather_until_us_;
}

void Node::GatherOn() {
  if (gather_until_us_ != 0) return;
  gather_until_us_ = seams_.clock->MonotonicUs() + options_.gather_us;
  gather_timer_ = seams_.roles.node->PostAfter(options_.gather_us, [this] {
    gather_timer_ = TimerId();
    ScheduleStep();
  });
}

void Node::EndGathering() {
  gather_until_us_ = 0;
  if (!gather_timer_.IsNone()) seams_.roles.node->Cancel(std::exchange(gather_timer_, {}));
}

void Node::ProposeHere() {
  EndGathering();
  const std::vector<Pending::Handed> taken =
      pending_.Take({core_->id(), core_->term()}, SIZE_MAX, NowMs());
  if (taken.empty()) return;
  const uint64_t stamped_ms = seams_.clock->WallMs();
  Batch batch{.from = core_->id(), .boot = boot_};
  raft::Propose propose{.batch = next_batch_};
  for (const Pending::Handed& handed : taken) {
    batch.sequences.push_back(handed.sequence);
    propose.payloads.push_back(
        Payload::Of(EncodeEnvelope({.id = {core_->id(), boot_, handed.sequence},
                                    .stamped_ms = stamped_ms,
                                    .command = handed.command.view()})));
  }
  batches_.emplace(next_batch_++, std::move(batch));
  inputs_.push_back({raft::Instant(NowMs()), std::move(propose)});
}

void Node::ForwardTo(NodeId leader) {
  while (pending_.HasHeld()) {
    std::vector<Pending::Handed> taken =
        pending_.Take({leader, core_->term()}, options_.forward_bytes_max, NowMs());
    if (taken.empty()) return;
    Forward forward{.boot = boot_};
    for (Pending::Handed& handed : taken) {
      forward.items.push_back({handed.sequence, std::move(handed.command)});
    }
    seams_.transport->Send(leader, Lane::kBulk, std::move(forward));
  }
}

// The sequences of one start of a member only grow, so one that is not above the last was here
// before: taking it again could apply it twice (pitfall 58).
void Node::OnForward(NodeId from, const Forward& forward) {
  ForwardSeen& seen = forwards_seen_[from];
  if (forward.boot < seen.boot) return;
  if (forward.boot > seen.boot) seen = {.boot = forward.boot};
  const uint64_t stamped_ms = seams_.clock->WallMs();
  Batch batch{.from = from, .boot = forward.boot};
  raft::Propose propose{.batch = next_batch_};
  for (const Forward::Item& item : forward.items) {
    if (item.sequence <= seen.sequence && !KEEL_MUTANT(kForwardTakenTwice58)) continue;
    seen.sequence = item.sequence;
    batch.sequences.push_back(item.sequence);
    propose.payloads.push_back(
        Payload::Of(EncodeEnvelope({.id = {from, forward.boot, item.sequence},
                                    .stamped_ms = stamped_ms,
                                    .command = item.command.view()})));
  }
  if (batch.sequences.empty()) return;
  batches_.emplace(next_batch_++, std::move(batch));
  Feed(std::move(propose));
}

// None of it has been given to the core, nor will be.
void Node::RefuseForward(NodeId from, const Forward& forward) {
  ForwardReply reply{.boot = forward.boot};
  for (const Forward::Item& item : forward.items) {
    reply.items.push_back(
        {.sequence = item.sequence, .refusal = raft::ProposalRefusal::kNotLeader});
  }
  seams_.transport->Send(from, Lane::kBulk, std::move(reply));
}

void Node::OnProposalResult(const raft::ProposalResult& result) {
  const auto found = batches_.find(result.batch);
  KEEL_CHECK(found != batches_.end()) << "the core answers what it was asked";
  const Batch batch = std::move(found->second);
  batches_.erase(found);
  const bool own = batch.from == core_->id();
  ForwardReply reply{.boot = batch.boot, .term = result.term};
  for (size_t i = 0; i < batch.sequences.size(); ++i) {
    ForwardReply::Item item{.sequence = batch.sequences[i]};
    if (i < result.accepted) {
      item.index = result.first + i;
    } else if (i > result.accepted && result.refusal == raft::ProposalRefusal::kTooLarge) {
      // The one before was too large, not this: it may try again.
      item.refusal = raft::ProposalRefusal::kTransferring;
    } else {
      item.refusal = result.refusal;
    }
    reply.items.push_back(item);
  }
  if (own) return OnForwardReply(core_->id(), reply);
  seams_.transport->Send(batch.from, Lane::kBulk, std::move(reply));
}

void Node::OnForwardReply(NodeId /*from*/, const ForwardReply& reply) {
  if (reply.boot != boot_) return;
  for (const ForwardReply::Item& item : reply.items) {
    if (!item.index.IsNone()) {
      pending_.Placed(item.sequence, {item.index, reply.term});
      continue;
    }
    pending_.Refused(item.sequence, item.refusal, NowMs());
    // A leader that hands over refuses until another leads: asking on would only spin.
    proposals_wait_until_ms_ = NowMs() + kRefusedRetryMs;
  }
}

}  // namespace keel::node
