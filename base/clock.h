// The seam to time: everything that asks what time it is asks a Clock.
//
// Production has the machine's clock; simulation and chaos put their own here and skew, stop or
// race it, with no other code knowing. A Clock only tells time; waiting goes through an Executor,
// whose timers follow the same clock. It outlives all who borrow it, and may be asked from any
// thread.
//
// Monotonic time never goes back, counts from an arbitrary start, and is comparable only within one
// run of one process: timeouts, leases and latencies use it. Wall time may jump either way; it is
// for people, for certificates, and for the time that a leader stamps on an entry, and no timer
// looks at it. Both are read outside of the consensus core and of apply, which have no clock at
// all.
#pragma once

#include <cstdint>

namespace keel {

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  [[nodiscard]] virtual uint64_t MonotonicUs() const = 0;
  [[nodiscard]] uint64_t MonotonicMs() const { return MonotonicUs() / 1000; }

  // Since the Unix epoch.
  [[nodiscard]] virtual uint64_t WallUs() const = 0;
  [[nodiscard]] uint64_t WallMs() const { return WallUs() / 1000; }
};

}  // namespace keel
