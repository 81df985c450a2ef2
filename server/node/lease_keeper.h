// A leader's duty to its leases: renews them for clients, proposes the revoke of those that ran out
// and checkpoints of the long ones.
//
// It keeps time only while this node leads and has applied an entry of its own term, so that it
// knows every lease there is; then each starts with its full length, or with what was checkpointed.
// A revoke carries the leader's term and is never forwarded (etcd 15247). A renewal is answered
// exactly once: at once, when the log has cleared a checkpoint, or by what comes of a revoke that
// is under way (pitfall 57). Belongs to the apply role.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "kv/lease/lease_clock.h"
#include "kv/mvcc/store.h"
#include "server/node/outcome.h"
#include "server/node/roles.h"

namespace keel::node {

enum class RenewalResult : uint8_t { kRenewed, kNotFound, kNotLeader };

struct Renewal {
  RenewalResult result = RenewalResult::kNotLeader;
  uint64_t ttl_s = 0;
};
using RenewalDone = Once<Renewal>;

class LeaseKeeper {
 public:
  struct Options {
    Executor* apply = nullptr;
    const Clock* clock = nullptr;
    uint64_t tick_ms = 500;
    // Proposes at this node alone; `done` comes on the apply role.
    std::function<void(kv::Command, ProposalDone)> propose;
    std::function<const kv::Store&()> store;
    std::function<kv::OperationCounts&()> counts;
  };
  explicit LeaseKeeper(Options options) : options_(std::move(options)) {}

  // This node leads in `term`; with none, it leads no more.
  void SetTerm(Term term);
  // Entries up to one of this term are applied.
  void OnApplied(Term term);
  void OnLease(kv::LeaseId id, const kv::Lease* lease);

  void Renew(kv::LeaseId id, RenewalDone done);
  // By the leader's clock; -1 if there is no such lease, nothing where this node does not lead.
  [[nodiscard]] std::optional<int64_t> RemainingS(kv::LeaseId id) const;

 private:
  void TickLater();
  void Tick();
  void ProposeRevoke(kv::LeaseRevokeOp revoke);
  void ProposeCheckpoint(kv::LeaseCheckpointOp checkpoint, ProposalDone done);
  void Clear(kv::LeaseId id, RenewalDone done);
  void AnswerWaiters(kv::LeaseId id);
  [[nodiscard]] Renewal Renewed(kv::LeaseId id);
  [[nodiscard]] uint64_t TtlOf(kv::LeaseId id) const;

  const Options options_;
  Term term_;
  std::unique_ptr<kv::LeaseClock> clock_;
  std::map<kv::LeaseId, std::vector<RenewalDone>> waiters_;  // for what comes of a revoke
  bool ticking_ = false;
};

}  // namespace keel::node
