// Where the entries of a log are on disk, and their terms, in memory that does not grow with them.
//
// One waypoint every 64 KiB of log, and one wherever the log does not simply go on in the file: at
// the front of a segment, and where a conflicting tail was replaced. Terms are kept as runs. Owned
// and used by one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "wal/types.h"

namespace keel::wal {

struct Waypoint {
  Index index;  // of the entry whose record is here
  uint64_t sequence = 0;
  uint64_t offset = 0;
  uint64_t checksum = 0;  // of the record before
  // Reading on from the waypoint before gets here with every entry between, and no other.
  bool goes_on = false;
};

class LogMap {
 public:
  // An empty log that follows `base`. When the log is read from its middle, as after a compaction,
  // `last` is the last entry before: those between the two are not on the map.
  struct Start {
    Position base;
    Position last;
  };
  explicit LogMap(const Start& start);

  // The entry `at` is in the log now, and nothing behind it. Requires base < at.index <= last + 1.
  struct Place {
    uint64_t sequence = 0;
    uint64_t offset = 0;
    uint64_t checksum = 0;
  };
  void Append(const Position& at, const Place& place);
  // Forgets entries at and below it. A base beyond the last entry leaves an empty log behind it.
  void SetBase(const Position& base);

  [[nodiscard]] const Position& base() const { return base_; }
  [[nodiscard]] const Position& last() const { return last_; }
  // Of any entry in the log and of its base.
  [[nodiscard]] std::optional<Term> TermAt(Index index) const;

  // The waypoints that lead through [first, last], the first of them at or before `first`.
  struct Range {
    Index first;
    Index last;
  };
  [[nodiscard]] std::vector<Waypoint> Route(const Range& range) const;

 private:
  void CutFrom(Index index);

  Position base_;
  Position last_;
  // Ascending; each run reaches to the next one's start.
  std::deque<Position> runs_;
  std::deque<Waypoint> waypoints_;
  // The record that was appended last, for telling whether the next goes on from it.
  bool goes_on_ = false;
  uint64_t sequence_ = 0;
};

}  // namespace keel::wal
