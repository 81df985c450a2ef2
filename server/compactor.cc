#include "server/compactor.h"

#include <glog/logging.h>

#include <algorithm>

namespace keel::server {

namespace {

constexpr uint64_t kRevisionPeriodMs = 300'000;  // as etcd
// Of one retention: what is kept may be older than it by this part.
constexpr uint64_t kSamplesPerRetention = 10;
constexpr uint64_t kLongestPeriodMs = 300'000;

}  // namespace

uint64_t CompactionPlan::PeriodMs() const {
  if (options_.mode == CompactionMode::kRevision) {
    return options_.retention_revisions == 0 ? 0 : kRevisionPeriodMs;
  }
  if (options_.retention_ms == 0) return 0;
  return std::clamp<uint64_t>(options_.retention_ms / kSamplesPerRetention, 1, kLongestPeriodMs);
}

std::optional<Revision> CompactionPlan::Next(const Now& now) {
  Revision target;
  if (options_.mode == CompactionMode::kRevision) {
    if (now.revision.value() > options_.retention_revisions) {
      target = Revision(now.revision.value() - options_.retention_revisions);
    }
  } else {
    samples_.push_back({now.monotonic_ms, now.revision});
    while (!samples_.empty() &&
           samples_.front().at_ms + options_.retention_ms <= now.monotonic_ms) {
      target = samples_.front().revision;
      samples_.pop_front();
    }
  }
  // The newest revision stays, as does what is compacted already.
  if (target <= now.compacted || target.IsNone()) return std::nullopt;
  return target;
}

void Compactor::Later() {
  const uint64_t period_ms = plan_.PeriodMs();
  if (period_ms == 0) return;
  seams_.executor->PostAfter(period_ms * 1000, [this] {
    Look();
    Later();
  });
}

void Compactor::Look() {
  const std::shared_ptr<const kv::ReadView> view = seams_.node->view();
  const std::optional<Revision> target = plan_.Next({.monotonic_ms = seams_.clock->MonotonicMs(),
                                                     .revision = view->revision(),
                                                     .compacted = view->compacted()});
  if (!target.has_value() || seams_.node->status().role != raft::Role::kLeader) return;
  LOG(INFO) << "event=auto_compaction revision=" << target->value();
  seams_.node->Propose({.command = kv::EncodeCommand({.operation = kv::CompactOp{*target}}),
                        .essential = true,
                        .local_only = true},
                       [](const node::ProposalOutcome&) {});
}

}  // namespace keel::server
