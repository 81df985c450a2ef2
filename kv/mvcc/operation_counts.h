// How much a member has carried out since its process began: for metrics, and not part of the
// state, so it goes on when a snapshot takes the state's place.
//
// The apply role counts; any thread reads.
#pragma once

#include <atomic>
#include <cstdint>

namespace keel::kv {

// Counted on one thread, and so without what makes an addition atomic.
class Tally {
 public:
  void Add(uint64_t more = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  [[nodiscard]] uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

struct OperationCounts {
  // Those inside transactions too; what was refused is not among them.
  Tally puts;
  Tally put_bytes;  // keys and values
  Tally deletes;
  Tally ranges;
  Tally txns;  // of more than one operation
  Tally leases_granted;
  Tally leases_revoked;  // those that ran out too
  // As their keeper, on the leader alone.
  Tally leases_renewed;
  Tally leases_expired;
};

}  // namespace keel::kv
