// How many bytes of the log lie behind an index, roughly: for deciding how much of it to keep.
//
// One mark for about each `step_bytes` of entries, and a straight line between marks. A value;
// belongs to the node role.
#pragma once

#include <cstdint>
#include <deque>
#include <span>

#include "raft/types.h"

namespace keel::node {

class LogSizes {
 public:
  static constexpr uint64_t kStepBytes = uint64_t{1} << 18;

  // A log that holds (base, last] in `size_bytes`.
  struct Start {
    Index base;
    Index last;
    uint64_t size_bytes = 0;
  };
  explicit LogSizes(const Start& start);

  // Entries that go into the log; the first one cuts it.
  void Append(std::span<const raft::Entry> entries);
  void Reset(Index base);
  void CompactTo(Index base);

  // The lowest index of which no more than `size_bytes` lie behind it.
  [[nodiscard]] Index LowestKeeping(uint64_t size_bytes) const;

 private:
  struct Mark {
    Index index;
    uint64_t offset = 0;  // of what lies up to it, counted from anywhere
  };
  [[nodiscard]] uint64_t OffsetAt(Index index) const;
  [[nodiscard]] static Index Between(const Mark& low, const Mark& high, uint64_t offset);

  std::deque<Mark> marks_;  // ascending; never empty; the last is the log's end
};

}  // namespace keel::node
