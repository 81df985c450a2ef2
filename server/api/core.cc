#include "server/api/core.h"

#include <random>
#include <utility>

#include "kv/mvcc/validate.h"

namespace keel::api {

namespace {

// Without a leader for this many election timeouts, streams that need one end.
constexpr int kLeaderlessTicksMax = 3;

uint64_t SeedOf(const ServiceOptions& options) {
  if (options.id_seed != 0) return options.id_seed;
  std::random_device device;
  return (uint64_t{device()} << 32) ^ device();
}

}  // namespace

Core::Core(const ServiceOptions& options, const Services::Seams& seams)
    : options_(options),
      seams_(seams),
      prng_(SeedOf(options)),
      slow_requests_({.threshold_ms = options.slow_request_ms, .log = seams.log}) {}

void Core::ToTransport(Task task) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = tasks_.empty();
    tasks_.push_back(std::move(task));
  }
  if (first) transport().Post([self = shared_from_this()] { self->Drain(); });
}

void Core::Drain() {
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (Task& task : tasks) {
    if (!closed_) std::move(task).Run();
  }
}

etcdserverpb::ResponseHeader Core::Header(Revision revision) const {
  const node::NodeStatus status = node().status();
  etcdserverpb::ResponseHeader header;
  header.set_cluster_id(status.cluster_id);
  header.set_member_id(status.id.value());
  header.set_revision(static_cast<int64_t>(revision.value()));
  header.set_raft_term(status.term.value());
  return header;
}

void Core::Propose(const Caller& caller, Proposal proposal, ProposeDone done) {
  kv::Command command;
  command.origin = caller.origin;
  command.operation = std::move(proposal.operation);
  const kv::KvError bad = kv::ValidateCommand(command, {.txn_ops_max = options_.max_txn_ops});
  if (bad != kv::KvError::kNone) return std::move(done)(StatusOf(bad));
  node::Node::Request request{.command = kv::EncodeCommand(command),
                              .essential = proposal.essential};
  if (request.command.size() > options_.max_request_bytes) {
    return std::move(done)(StatusOf(ApiError::kRequestTooLarge));
  }
  auto on_outcome = [self = shared_from_this(), done = std::move(done),
                     trace = proposal.trace](node::ProposalOutcome outcome) mutable {
    // In a box: g++ 12 takes a variant that moves within a lambda for uninitialised.
    auto boxed = std::make_unique<node::ProposalOutcome>(std::move(outcome));
    self->ToTransport([self, done = std::move(done), trace, boxed = std::move(boxed)]() mutable {
      if (trace != nullptr) self->Note(*boxed, trace);
      if (const auto* dropped = std::get_if<node::Dropped>(boxed.get())) {
        return std::move(done)(StatusOf(*dropped));
      }
      if (const auto* unknown = std::get_if<node::Unknown>(boxed.get())) {
        return std::move(done)(StatusOf(*unknown));
      }
      auto& applied = std::get<node::Applied>(*boxed);
      if (applied.outcome.error != kv::KvError::kNone) {
        return std::move(done)(StatusOf(applied.outcome.error));
      }
      std::move(done)(std::move(applied));
    });
  };
  asks_.proposals.push_back({std::move(request), std::move(on_outcome)});
  AskLater();
}

void Core::AskLater() {
  if (std::exchange(asks_later_, true)) return;
  transport().Post([self = shared_from_this()] {
    self->asks_later_ = false;
    self->node().Take(std::exchange(self->asks_, {}));
  });
}

void Core::Note(const node::ProposalOutcome& outcome, Trace* trace) const {
  const bool is_applied = std::holds_alternative<node::Applied>(outcome);
  const uint64_t now_ms = is_applied ? 0 : clock().MonotonicMs();
  std::visit([&](const auto& ended) { trace->Note(ended.times, now_ms); }, outcome);
}

void Core::Read(Where where, ViewDone done, Trace* trace) {
  asks_.reads.emplace_back([self = shared_from_this(), where, trace, done = std::move(done)](
                               const node::ReadOutcome& outcome,
                               const node::ReadTimes& times) mutable {
    if (trace != nullptr) trace->Note(times);
    const auto* view = std::get_if<ViewPtr>(&outcome);
    auto result = view != nullptr ? Result<ViewPtr>(*view)
                                  : Result<ViewPtr>(StatusOf(std::get<raft::ReadRefusal>(outcome)));
    auto task = [done = std::move(done), result = std::move(result)]() mutable {
      std::move(done)(std::move(result));
    };
    if (where == Where::kPool) {
      self->pool().Post(std::move(task));
    } else {
      self->ToTransport(std::move(task));
    }
  });
  AskLater();
}

Status Core::AdmitOpen(const Caller& caller, Learners learners) const {
  return stopped_ ? StatusOf(ApiError::kStopped) : Admit(caller, learners);
}

Status Core::Admit(const Caller& caller, Learners learners) const {
  if (!caller.bad_metadata.ok()) return caller.bad_metadata;
  if (!caller.requires_leader && learners == Learners::kServed) return {};
  const node::NodeStatus status = node().status();
  if (caller.requires_leader && status.leader.IsNone()) return StatusOf(ApiError::kNoLeader);
  if (learners == Learners::kServed || status.config == nullptr) return {};
  const raft::Member* self = status.config->Find(status.id);
  const bool learns = self != nullptr && self->learns && !self->IsVoter();
  return learns ? StatusOf(ApiError::kNotSupportedForLearner) : Status();
}

std::string_view Core::NameOf(std::string_view path) {
  const auto found = names_.find(path);
  return found != names_.end() ? *found : *names_.emplace(path).first;
}

uint64_t Core::DrawId() {
  uint64_t id = 0;
  while (id == 0) id = prng_.Next() >> 1;
  return id;
}

void Core::Add(OpenStream* stream) {
  streams_.insert(stream);
  if (stream->requires_leader() && !watching_leader_) WatchLeaderLater();
}

void Core::Remove(OpenStream* stream) { streams_.erase(stream); }

void Core::EndStreams(const Status& why, bool all) {
  // Ending one may remove it, or others with it.
  const std::vector<OpenStream*> streams(streams_.begin(), streams_.end());
  for (OpenStream* stream : streams) {
    if (!streams_.contains(stream)) continue;
    if (all || stream->requires_leader()) stream->End(why);
  }
}

void Core::Stop() {
  stopped_ = true;
  EndStreams(StatusOf(ApiError::kStopped), true);
}

void Core::WatchLeaderLater() {
  watching_leader_ = true;
  transport().PostAfter(options_.election_timeout_ms * 1000, [weak = weak_from_this()] {
    const CorePtr self = weak.lock();
    if (self == nullptr || self->closed_) return;
    self->watching_leader_ = false;
    const bool leaderless = self->node().status().leader.IsNone();
    self->leaderless_ticks_ = leaderless ? self->leaderless_ticks_ + 1 : 0;
    if (self->leaderless_ticks_ >= kLeaderlessTicksMax) {
      self->EndStreams(StatusOf(ApiError::kNoLeader), false);
    }
    bool goes_on = false;
    for (const OpenStream* stream : self->streams_) goes_on |= stream->requires_leader();
    if (goes_on) return self->WatchLeaderLater();
    self->leaderless_ticks_ = 0;
  });
}

}  // namespace keel::api
