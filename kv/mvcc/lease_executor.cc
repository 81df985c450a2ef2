#include "kv/mvcc/lease_executor.h"

#include <algorithm>

#include "base/check.h"
#include "base/mutant.h"

namespace keel::kv {

void LeaseExecutor::Tell(LeaseId id) const {
  if (!*parts_.on_lease) return;
  const auto& all = parts_.leases->leases();
  const auto found = all.find(id);
  (*parts_.on_lease)(id, found == all.end() ? nullptr : &found->second);
}

void LeaseExecutor::Set(LeaseId id, const Lease& lease) {
  parts_.leases->Set(id, lease, *parts_.layout, &parts_.pending->batch());
  Tell(id);
}

Refusable<LeaseResult> LeaseExecutor::Grant(const LeaseGrantOp& op) {
  if (parts_.is_full) return {.error = KvError::kNoSpace};
  if (parts_.leases->Contains(op.id)) return {.error = KvError::kLeaseExists};
  Set(op.id, {.ttl_s = op.ttl_s});
  if (parts_.counts != nullptr) parts_.counts->leases_granted.Add();
  return {.value = {.id = op.id, .ttl_s = op.ttl_s}};
}

Result<KvError> LeaseExecutor::Revoke(const LeaseRevokeOp& op, Term term) {
  const bool by_leader = !op.leader_term.IsNone();
  // A leader that was deposed counted on with an old clock: the lease may have been renewed since.
  if (by_leader && op.leader_term != term && !KEEL_MUTANT(kStaleRevoke34)) {
    return KvError::kStaleLeader;
  }
  if (!by_leader && (op.ids.size() != 1 || !parts_.leases->Contains(op.ids.front()))) {
    return KvError::kLeaseNotFound;
  }
  for (const LeaseId id : op.ids) {
    if (!parts_.leases->Contains(id)) continue;
    KEEL_ASSIGN_OR_RETURN(const auto keys, AttachedKeys(parts_.engine, *parts_.layout, id));
    for (const std::string& key : keys) {
      KEEL_ASSIGN_OR_RETURN(const bool deleted, parts_.pending->Delete(key));
      KEEL_CHECK(deleted) << "a lease held a key that is not there";
    }
    parts_.leases->Remove(id, *parts_.layout, &parts_.pending->batch());
    Tell(id);
    if (parts_.counts != nullptr) parts_.counts->leases_revoked.Add();
    // Each lease's keys go at a revision of their own, as if it had been revoked alone.
    parts_.pending->EndCommand();
  }
  return KvError::kNone;
}

void LeaseExecutor::Checkpoint(const LeaseCheckpointOp& op) {
  for (const auto& remainder : op.remainders) {
    const auto found = parts_.leases->leases().find(remainder.id);
    if (found == parts_.leases->leases().end()) continue;
    Lease lease = found->second;
    lease.remaining_s = std::min(remainder.remaining_s, lease.ttl_s);
    Set(remainder.id, lease);
  }
}

}  // namespace keel::kv
