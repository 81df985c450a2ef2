#include "server/node/lease_keeper.h"

#include <utility>

namespace keel::node {

void LeaseKeeper::SetTerm(Term term) {
  if (term == term_) return;
  term_ = term;
  clock_.reset();
  auto waiters = std::move(waiters_);
  waiters_.clear();
  for (auto& [id, waiting] : waiters) {
    for (RenewalDone& done : waiting) std::move(done)(Renewal{});
  }
}

void LeaseKeeper::OnApplied(Term term) {
  if (term_.IsNone() || term != term_ || clock_ != nullptr) return;
  clock_ = std::make_unique<kv::LeaseClock>(
      kv::LeaseClock::Options{.now_ms = options_.clock->MonotonicMs(), .term = term_},
      options_.store().leases().leases());
  TickLater();
}

void LeaseKeeper::OnLease(kv::LeaseId id, const kv::Lease* lease) {
  if (clock_ == nullptr) return;
  const uint64_t now_ms = options_.clock->MonotonicMs();
  if (lease == nullptr) {
    clock_->Revoked(id);
    AnswerWaiters(id);
  } else if (clock_->RemainingS(id, now_ms) < 0) {
    clock_->Granted(id, *lease, now_ms);
  } else {
    clock_->Checkpointed(id, lease->remaining_s);
  }
}

void LeaseKeeper::TickLater() {
  if (ticking_) return;
  ticking_ = true;
  options_.apply->PostAfter(options_.tick_ms * 1000, [this] {
    ticking_ = false;
    if (clock_ == nullptr) return;
    Tick();
    TickLater();
  });
}

void LeaseKeeper::Tick() {
  const uint64_t now_ms = options_.clock->MonotonicMs();
  kv::LeaseRevokeOp revoke = clock_->TakeExpired(now_ms);
  if (!revoke.ids.empty()) {
    options_.counts().leases_expired.Add(revoke.ids.size());
    ProposeRevoke(std::move(revoke));
  }
  kv::LeaseCheckpointOp checkpoint = clock_->TakeCheckpoints(now_ms);
  if (!checkpoint.remainders.empty()) {
    ProposeCheckpoint(std::move(checkpoint), [](const ProposalOutcome&) {});
  }
}

void LeaseKeeper::ProposeRevoke(kv::LeaseRevokeOp revoke) {
  kv::Command command;
  command.operation = revoke;
  options_.propose(std::move(command), [this, revoke](const ProposalOutcome& outcome) {
    // Only what was dropped for certain may be renewed again; in a later term all begins anew.
    if (!std::holds_alternative<Dropped>(outcome) || clock_ == nullptr) return;
    if (revoke.leader_term != term_) return;
    clock_->RevokeDropped(revoke, options_.clock->MonotonicMs());
    for (const kv::LeaseId id : revoke.ids) AnswerWaiters(id);
  });
}

void LeaseKeeper::ProposeCheckpoint(kv::LeaseCheckpointOp checkpoint, ProposalDone done) {
  kv::Command command;
  command.operation = std::move(checkpoint);
  options_.propose(std::move(command), std::move(done));
}

uint64_t LeaseKeeper::TtlOf(kv::LeaseId id) const {
  const auto& leases = options_.store().leases().leases();
  const auto found = leases.find(id);
  return found == leases.end() ? 0 : found->second.ttl_s;
}

Renewal LeaseKeeper::Renewed(kv::LeaseId id) {
  const uint64_t ttl_s = TtlOf(id);
  if (ttl_s == 0) return {RenewalResult::kNotFound};
  options_.counts().leases_renewed.Add();
  return {RenewalResult::kRenewed, ttl_s};
}

void LeaseKeeper::Renew(kv::LeaseId id, RenewalDone done) {
  if (clock_ == nullptr) return std::move(done)(Renewal{});
  switch (clock_->Renew(id, options_.clock->MonotonicMs())) {
    case kv::LeaseClock::Renewal::kRenewed:
      return std::move(done)(Renewed(id));
    case kv::LeaseClock::Renewal::kClearsFirst:
      return Clear(id, std::move(done));
    case kv::LeaseClock::Renewal::kAwaitsRevoke:
      waiters_[id].push_back(std::move(done));
      return;
    case kv::LeaseClock::Renewal::kNotFound:
      return std::move(done)(Renewal{RenewalResult::kNotFound});
  }
}

void LeaseKeeper::Clear(kv::LeaseId id, RenewalDone done) {
  kv::LeaseCheckpointOp clearing;
  clearing.remainders.push_back({.id = id});
  ProposeCheckpoint(std::move(clearing),
                    [this, id, done = std::move(done)](const ProposalOutcome& outcome) mutable {
                      if (!std::holds_alternative<Applied>(outcome)) {
                        return std::move(done)(Renewal{});
                      }
                      std::move(done)(Renewed(id));
                    });
}

// The revoke took effect, or was dropped: a renewal finds out which.
void LeaseKeeper::AnswerWaiters(kv::LeaseId id) {
  const auto found = waiters_.find(id);
  if (found == waiters_.end()) return;
  std::vector<RenewalDone> waiting = std::move(found->second);
  waiters_.erase(found);
  for (RenewalDone& done : waiting) Renew(id, std::move(done));
}

std::optional<int64_t> LeaseKeeper::RemainingS(kv::LeaseId id) const {
  if (clock_ == nullptr) return std::nullopt;
  return clock_->RemainingS(id, options_.clock->MonotonicMs());
}

}  // namespace keel::node
