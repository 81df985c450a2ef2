#include "kv/lease/lease_clock.h"

#include <algorithm>

#include "base/mutant.h"

namespace keel::kv {

LeaseClock::LeaseClock(const Options& options, const std::map<LeaseId, Lease>& leases)
    : options_(options), next_checkpoint_ms_(options.now_ms + options.checkpoint_every_ms) {
  for (const auto& [id, lease] : leases) Granted(id, lease, options.now_ms);
}

void LeaseClock::Start(LeaseId id, Running* running, uint64_t length_ms, uint64_t now_ms) {
  by_deadline_.erase({running->deadline_ms, id});
  if (KEEL_MUTANT(kLeaseEndsEarly)) length_ms = length_ms * 2 / 3;
  running->deadline_ms = now_ms + length_ms;
  by_deadline_.insert({running->deadline_ms, id});
}

void LeaseClock::Granted(LeaseId id, const Lease& lease, uint64_t now_ms) {
  Running& running = running_[id];
  running.ttl_ms = lease.ttl_s * 1000;
  running.checkpointed = lease.remaining_s != 0;
  running.revoking = false;
  Start(id, &running, running.checkpointed ? lease.remaining_s * 1000 : running.ttl_ms, now_ms);
}

void LeaseClock::Revoked(LeaseId id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  by_deadline_.erase({found->second.deadline_ms, id});
  running_.erase(found);
}

void LeaseClock::Checkpointed(LeaseId id, uint64_t remaining_s) {
  const auto found = running_.find(id);
  if (found != running_.end()) found->second.checkpointed = remaining_s != 0;
}

LeaseClock::Renewal LeaseClock::Renew(LeaseId id, uint64_t now_ms) {
  const auto found = running_.find(id);
  if (found == running_.end()) return Renewal::kNotFound;
  Running& running = found->second;
  if (running.revoking && !KEEL_MUTANT(kRenewsWhileRevoking57)) return Renewal::kAwaitsRevoke;
  Start(id, &running, running.ttl_ms, now_ms);
  if (running.checkpointed && !KEEL_MUTANT(kLateClearing57)) return Renewal::kClearsFirst;
  return Renewal::kRenewed;
}

LeaseRevokeOp LeaseClock::TakeExpired(uint64_t now_ms) {
  LeaseRevokeOp revoke{.ids = {}, .leader_term = options_.term};
  while (!by_deadline_.empty() && revoke.ids.size() < options_.revokes_max) {
    const auto [deadline_ms, id] = *by_deadline_.begin();
    if (deadline_ms > now_ms) break;
    by_deadline_.erase(by_deadline_.begin());
    running_[id].revoking = true;
    revoke.ids.push_back(id);
  }
  return revoke;
}

void LeaseClock::RevokeDropped(const LeaseRevokeOp& revoke, uint64_t now_ms) {
  for (const LeaseId id : revoke.ids) {
    const auto found = running_.find(id);
    if (found == running_.end() || !found->second.revoking) continue;
    found->second.revoking = false;
    Start(id, &found->second, 0, now_ms);
  }
}

LeaseCheckpointOp LeaseClock::TakeCheckpoints(uint64_t now_ms) {
  LeaseCheckpointOp checkpoint;
  if (now_ms < next_checkpoint_ms_) return checkpoint;
  next_checkpoint_ms_ = now_ms + options_.checkpoint_every_ms;
  for (const auto& [id, running] : running_) {
    const bool is_long = running.ttl_ms > options_.checkpoint_every_ms;
    if (!is_long || running.revoking || running.deadline_ms <= now_ms) continue;
    // Rounded up: a lease may live too long, never too short.
    const uint64_t remaining_s = (running.deadline_ms - now_ms + 999) / 1000;
    checkpoint.remainders.push_back({.id = id, .remaining_s = remaining_s});
  }
  return checkpoint;
}

int64_t LeaseClock::RemainingS(LeaseId id, uint64_t now_ms) const {
  const auto found = running_.find(id);
  if (found == running_.end()) return -1;
  const uint64_t deadline_ms = found->second.deadline_ms;
  return deadline_ms <= now_ms ? 0 : static_cast<int64_t>((deadline_ms - now_ms) / 1000);
}

}  // namespace keel::kv
