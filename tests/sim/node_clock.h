// One member's monotonic clock: it has its own start and its own pace, and never goes back.
//
// The pace is in millionths; it may change during a run, within what the members' options allow.
#pragma once

#include "raft/types.h"
#include "tests/sim/event_queue.h"

namespace keel::sim {

class NodeClock {
 public:
  static constexpr uint64_t kTruePace = 1'000'000;

  NodeClock(Micros offset, uint64_t pace) : local_(offset), pace_(pace) {}

  // What the clock shows, in its own milliseconds.
  [[nodiscard]] raft::Instant Now(Micros now) const {
    return raft::Instant(LocalMicros(now) / kMillisecond);
  }

  // The first moment of true time at which the clock shows `instant`, or `now` if it does already.
  [[nodiscard]] Micros When(raft::Instant instant, Micros now) const {
    const Micros local = instant.value() * kMillisecond;
    const Micros shown = LocalMicros(now);
    if (local <= shown) return now;
    return now + (local - shown) * kTruePace / pace_ + 1;
  }

  [[nodiscard]] uint64_t pace() const { return pace_; }
  void SetPace(uint64_t pace, Micros now) {
    local_ = LocalMicros(now);
    since_ = now;
    pace_ = pace;
  }

 private:
  [[nodiscard]] Micros LocalMicros(Micros now) const {
    return local_ + (now - since_) * pace_ / kTruePace;
  }

  Micros local_;
  Micros since_ = 0;
  uint64_t pace_;
};

}  // namespace keel::sim
