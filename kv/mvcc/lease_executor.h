// Carries out what the log says of leases over one batch: grants, revokes with the keys that go
// with them, and checkpoints of how long they have left.
//
// A refusal leaves nothing behind. Belongs to the apply role; it lives for one command.
#pragma once

#include <functional>

#include "base/result.h"
#include "kv/lease/lease_table.h"
#include "kv/mvcc/answer.h"
#include "kv/mvcc/command.h"
#include "kv/mvcc/operation_counts.h"
#include "kv/mvcc/pending.h"

namespace keel::kv {

class LeaseExecutor {
 public:
  using OnLease = std::function<void(LeaseId, const Lease*)>;
  struct Parts {
    Pending* pending = nullptr;
    LeaseTable* leases = nullptr;
    Engine* engine = nullptr;
    const Layout* layout = nullptr;
    bool is_full = false;               // an alarm or a full quota of the whole stops all growth
    OperationCounts* counts = nullptr;  // may be null
    const OnLease* on_lease = nullptr;  // told of each change; may hold nothing
  };
  explicit LeaseExecutor(const Parts& parts) : parts_(parts) {}

  [[nodiscard]] Refusable<LeaseResult> Grant(const LeaseGrantOp& op);
  // `term` is the entry's. All that was written to the batch before is in the engine.
  [[nodiscard]] Result<KvError> Revoke(const LeaseRevokeOp& op, Term term);
  void Checkpoint(const LeaseCheckpointOp& op);

 private:
  void Set(LeaseId id, const Lease& lease);
  void Tell(LeaseId id) const;

  const Parts parts_;
};

}  // namespace keel::kv
