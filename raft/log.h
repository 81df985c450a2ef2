// The log as the core knows it: every index's term, and the newest entries.
//
// Terms are kept as runs, so their memory grows with elections and not with entries. Entries are
// cached up to a bound in bytes; the core asks the driver for the older ones. Everything here is
// bookkeeping: what is durable, committed or applied is the core's business.
//
// Always: base <= cache start - 1 <= last; runs ascend in index and in term; cached entries are
// contiguous up to last.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "raft/types.h"

namespace keel::raft {

class Log {
 public:
  Log() = default;
  explicit Log(Position base) : base_(base), last_(base), cached_from_(base.index.Next()) {}

  // The position before the first entry: what a snapshot or a compaction stands for.
  [[nodiscard]] Position base() const { return base_; }
  [[nodiscard]] Position last() const { return last_; }
  [[nodiscard]] Index first() const { return base_.index.Next(); }

  // Nothing below the base's index or beyond the last one.
  [[nodiscard]] std::optional<Term> TermAt(Index index) const;
  [[nodiscard]] bool Matches(Position position) const;

  // The greatest index <= `index` whose term is <= `term`, never below the base: where a log that
  // differs from this one at `index` may still agree with it (Raft §5.3).
  [[nodiscard]] Position LastAtOrBelow(Index index, Term term) const;

  // Requires entry.index == last().index + 1 and a term that does not fall.
  void Append(Entry entry);
  // Cuts the log so that `from` and all after it are gone. Requires from > base().index.
  void TruncateFrom(Index from);
  // Makes `index` the base. Requires base().index <= index <= last().index.
  void CompactTo(Index index);
  // Forgets everything and starts behind `base`.
  void Reset(Position base);

  [[nodiscard]] bool IsCached(Index index) const {
    return index >= cached_from_ && index <= last_.index;
  }
  [[nodiscard]] const Entry& At(Index index) const;

  // Appends to `out` the entries from `from` on whose cost together stays within `bytes_max`, or
  // the first alone, and none beyond `to`. Requires IsCached(from). Returns what they cost.
  size_t Slice(Index from, Index to, size_t bytes_max, std::vector<Entry>* out) const;

  // Drops the oldest cached entries, none of them after `upto`, until the cache is within bounds.
  void Evict(Index upto, size_t bytes_max);
  [[nodiscard]] size_t cached_bytes() const { return cached_bytes_; }
  [[nodiscard]] Index cached_from() const { return cached_from_; }
  [[nodiscard]] size_t term_run_count() const { return runs_.size(); }

 private:
  struct TermRun {
    Index first;
    Term term;
  };

  void DropFront();

  Position base_;
  Position last_;
  std::deque<TermRun> runs_;  // those after the base
  std::deque<Entry> cache_;   // [cached_from_, last_]
  Index cached_from_{1};
  size_t cached_bytes_ = 0;
};

}  // namespace keel::raft
