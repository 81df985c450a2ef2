#include "server/node/apply_loop.h"

#include <utility>

namespace keel::node {

ApplyLoop::ApplyLoop(Options options)
    : options_(std::move(options)),
      leases_({.apply = options_.roles.apply,
               .clock = options_.clock,
               .tick_ms = options_.lease_tick_ms,
               .propose =
                   [this](kv::Command command, ProposalDone done) {
                     options_.roles.node->Post([this, command = std::move(command),
                                                done = std::move(done)]() mutable {
                       options_.propose_here(
                           std::move(command),
                           [this, done = std::move(done)](ProposalOutcome outcome) mutable {
                             options_.roles.apply->Post(
                                 [done = std::move(done), outcome = std::move(outcome)]() mutable {
                                   std::move(done)(std::move(outcome));
                                 });
                           });
                     });
                   },
               .store = [this]() -> const kv::Store& { return machine_->store(); },
               .counts = [this]() -> kv::OperationCounts& { return machine_->counts(); }}) {}

Status ApplyLoop::Open(StateMachine::Options options, std::unique_ptr<kv::Engine> engine) {
  options.on_lease = [this](kv::LeaseId id, const kv::Lease* lease) { leases_.OnLease(id, lease); };
  KEEL_ASSIGN_OR_RETURN(machine_, StateMachine::Open(std::move(options), std::move(engine)));
  return {};
}

// ---- on the node role ----

void ApplyLoop::Apply(std::vector<raft::Entry> entries) {
  options_.roles.apply->Post([this, entries = std::move(entries)]() mutable {
    for (raft::Entry& entry : entries) queue_.push_back(std::move(entry));
    if (scheduled_ || ended_) return;
    scheduled_ = true;
    options_.roles.apply->Post([this] { Drain(); });
  });
}

void ApplyLoop::Install(std::unique_ptr<kv::Engine> engine, Once<std::string> done) {
  options_.roles.apply->Post([this, engine = std::move(engine), done = std::move(done)]() mutable {
    if (ended_) return;
    queue_.clear();  // the core has overtaken them
    const Status status = machine_->Install(std::move(engine));
    if (!status.ok()) return OnFailure(status);
    options_.roles.node->Post(
        [membership = machine_->membership(), done = std::move(done)]() mutable {
          std::move(done)(std::move(membership));
        });
  });
}

void ApplyLoop::SetLeaderTerm(Term term) {
  options_.roles.apply->Post([this, term] { leases_.SetTerm(term); });
}

void ApplyLoop::Renew(kv::LeaseId id, RenewalDone done) {
  // Behind what has been handed in and not been applied yet: a lease that somebody knows of is
  // known here.
  options_.roles.apply->Post([this, id, done = std::move(done)]() mutable {
    options_.roles.apply->Post(
        [this, id, done = std::move(done)]() mutable { leases_.Renew(id, std::move(done)); });
  });
}

void ApplyLoop::RemainingS(kv::LeaseId id, Once<std::optional<int64_t>> done) {
  options_.roles.apply->Post([this, id, done = std::move(done)]() mutable {
    options_.roles.apply->Post(
        [this, id, done = std::move(done)]() mutable { std::move(done)(leases_.RemainingS(id)); });
  });
}

void ApplyLoop::Sync() {
  options_.roles.pool->Post([this] {
    const Status status = machine_->Sync();
    if (!status.ok()) options_.roles.apply->Post([this, status] { OnFailure(status); });
  });
}

void ApplyLoop::Close(Once<Status> done) {
  options_.roles.apply->Post([this, done = std::move(done)]() mutable {
    const Status status = ended_ ? Status() : machine_->Sync();
    ended_ = true;
    leases_.SetTerm(Term());
    options_.roles.node->Post(
        [status, done = std::move(done)]() mutable { std::move(done)(std::move(status)); });
  });
}

void ApplyLoop::Run(Once<const StateMachine&> task) {
  options_.roles.apply->Post(
      [this, task = std::move(task)]() mutable { std::move(task)(*machine_); });
}

// ---- on the apply role ----

void ApplyLoop::Drain() {
  scheduled_ = false;
  while (!queue_.empty() && !ended_) {
    std::vector<raft::Entry> batch;
    size_t size_bytes = 0;
    while (!queue_.empty() && (batch.empty() || size_bytes < options_.batch_bytes_max)) {
      size_bytes += raft::CostBytes(queue_.front());
      batch.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    const uint64_t began_ms = options_.clock->MonotonicMs();
    Result<AppliedBatch> applied = machine_->Apply(batch);
    if (!applied.ok()) return OnFailure(applied.status());
    applied->took_ms = options_.clock->MonotonicMs() - began_ms;
    leases_.OnApplied(applied->term);
    options_.roles.node->Post([this, applied = std::move(*applied)]() mutable {
      options_.on_applied(std::move(applied));
    });
  }
}

void ApplyLoop::OnFailure(const Status& status) {
  if (ended_) return;
  ended_ = true;
  options_.roles.node->Post([this, status] { options_.on_failed(status); });
}

}  // namespace keel::node
