// A leader's watch over its leases: counts down by its own monotonic clock, and says which revokes
// and checkpoints to propose.
//
// Only the leader has one, from its election on: every lease starts with its full TTL, or with the
// remainder that an earlier leader checkpointed, so a lease may live too long, never too short. The
// clock decides nothing: what it proposes takes effect through the log. Time is milliseconds of the
// leader's monotonic clock, given by the caller. Belongs to one role; it reads no other state.
//
// Two rules keep a renewal true (pitfall 57). Once a revoke is proposed, keepalives wait for its
// outcome. And the first renewal after a checkpoint must see the checkpoint cleared in the log
// before it is answered, or the next leader would count on from the old remainder.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "kv/lease/lease_table.h"
#include "kv/mvcc/command.h"

namespace keel::kv {

class LeaseClock {
 public:
  struct Options {
    uint64_t now_ms = 0;
    Term term;
    uint64_t checkpoint_every_ms = 300'000;
    size_t revokes_max = 1000;  // in one command
  };
  LeaseClock(const Options& options, const std::map<LeaseId, Lease>& leases);

  // What the log did, told as it is applied.
  void Granted(LeaseId id, const Lease& lease, uint64_t now_ms);
  void Revoked(LeaseId id);
  void Checkpointed(LeaseId id, uint64_t remaining_s);

  enum class Renewal : uint8_t {
    kRenewed,       // answer now
    kClearsFirst,   // propose a checkpoint of remainder 0, and answer when it is applied
    kAwaitsRevoke,  // its revoke is on the way: answer by what comes of that
    kNotFound,
  };
  [[nodiscard]] Renewal Renew(LeaseId id, uint64_t now_ms);

  // The leases that have run out and are not yet being revoked: at most `revokes_max`, and from now
  // on their keepalives wait. None: the command is empty.
  [[nodiscard]] LeaseRevokeOp TakeExpired(uint64_t now_ms);
  // The proposal was dropped for certain: the leases may be renewed, or expire again.
  void RevokeDropped(const LeaseRevokeOp& revoke, uint64_t now_ms);
  // The remainders of the long leases, each `checkpoint_every_ms`.
  [[nodiscard]] LeaseCheckpointOp TakeCheckpoints(uint64_t now_ms);

  // -1 for a lease that there is not, as TimeToLive says it.
  [[nodiscard]] int64_t RemainingS(LeaseId id, uint64_t now_ms) const;

 private:
  struct Running {
    uint64_t ttl_ms = 0;
    uint64_t deadline_ms = 0;
    bool checkpointed = false;  // the log holds a remainder
    bool revoking = false;
  };

  void Start(LeaseId id, Running* running, uint64_t length_ms, uint64_t now_ms);

  const Options options_;
  uint64_t next_checkpoint_ms_ = 0;
  std::map<LeaseId, Running> running_;
  std::set<std::pair<uint64_t, LeaseId>> by_deadline_;  // but for those being revoked
};

}  // namespace keel::kv
