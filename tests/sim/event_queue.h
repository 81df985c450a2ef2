// Simulated time and what will happen in it: a heap ordered by time, and by order of arrival within
// one moment, so that every run of a seed is the same run.
//
// Events are small values without memory of their own; what they are about (a message, a fetched
// range) waits in its owner's pool under `argument`. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace keel::sim {

// Microseconds since the world began.
using Micros = uint64_t;

inline constexpr Micros kMillisecond = 1'000;
inline constexpr Micros kSecond = 1'000'000;
inline constexpr Micros kNever = ~Micros{0};

// A host's place in the world; ids are given to places once and for all.
using Slot = uint16_t;
inline constexpr Slot kNoSlot = 0xffff;

enum class EventKind : uint8_t {
  // Of one host:
  kDeliver,        // a message arrives
  kWake,           // its core has something to do
  kBatch,          // what it has gathered is stepped
  kDiskDone,       // the oldest write completes
  kApply,          // the state machine takes what is committed
  kFlush,          // the state machine's copy is due
  kFlushDone,      // the state machine's copy is on disk
  kFetched,        // entries have been read from the disk
  kSnapshotMade,   // a snapshot can be streamed
  kSnapshotBroke,  // a stream broke
  kPeerLost,       // an urgent connection broke
  kStart,          // it starts again
  kResume,         // its pause ends
  // Of the world:
  kClients,
  kNemesis,
  kStrike,
  kFaultEnds,
  kWatch,
};

struct Event {
  Micros at = 0;
  uint64_t sequence = 0;
  uint64_t argument = 0;
  uint32_t epoch = 0;  // the host's start that it belongs to; 0: any
  Slot slot = kNoSlot;
  EventKind kind = EventKind::kWatch;
};

class EventQueue {
 public:
  // Gives the event its sequence.
  void Push(Event event);
  [[nodiscard]] bool IsEmpty() const { return heap_.empty(); }
  [[nodiscard]] Micros NextAt() const { return heap_.front().at; }
  // Requires !IsEmpty().
  Event Pop();

 private:
  std::vector<Event> heap_;
  uint64_t sequence_ = 0;
};

}  // namespace keel::sim
