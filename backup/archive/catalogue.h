// What an archive holds, by the names of its objects: bases, segments, notes of gaps, and the tip.
//
//   base-<index>-<term>-<revision>-<time>.keel   a whole state: a snapshot file
//   segment-<first>-<last>.kseg                  the entries from the first index to the last
//   gap-<index>                                  given up behind that index (gap_note.h)
//   tip                                          how far the archive is known to be whole
//
// Indexes are 16 hexadecimal digits, so that names sort as the log does; the other numbers are
// decimal, and the time is the log's, in milliseconds since 1970. Nothing else lists the objects:
// what is there is what counts. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backup/archive/store.h"
#include "base/ids.h"

namespace keel::backup {

inline constexpr std::string_view kTipName = "tip";

struct BaseObject {
  Index index;
  Term term;
  Revision revision;
  uint64_t time_ms = 0;
  std::string name;
  uint64_t size_bytes = 0;
};
struct SegmentObject {
  Index first;
  Index last;
  std::string name;
  uint64_t size_bytes = 0;
};

struct GapObject {
  Index behind;
  std::string name;
};

struct BasePlace {
  Index index;
  Term term;
  Revision revision;
  uint64_t time_ms = 0;
};
[[nodiscard]] std::string BaseName(const BasePlace& place);
struct IndexRange {
  Index first;
  Index last;

  friend bool operator==(const IndexRange&, const IndexRange&) = default;
};
[[nodiscard]] std::string SegmentName(const IndexRange& range);
[[nodiscard]] std::string GapName(Index behind);

struct Catalogue {
  std::vector<BaseObject> bases;        // by index
  std::vector<SegmentObject> segments;  // by first index, then by last
  std::vector<GapObject> gaps;          // by index
  // Segments that begin right behind a gap that is noted: a leader that had been deposed wrote them
  // when it was told, and what comes behind the gap does not follow on them. They count for
  // nothing.
  std::vector<SegmentObject> late;
  bool has_tip = false;
  std::vector<std::string> strangers;  // names that say nothing here

  [[nodiscard]] static Catalogue Of(const std::vector<ObjectInfo>& objects);

  // The fewest segments that lead on from behind `index` without a hole: the longest at each step.
  [[nodiscard]] std::vector<SegmentObject> ChainBehind(Index index) const;
  // The stretches of the log that the segments cover, ascending, apart from one another.
  [[nodiscard]] std::vector<IndexRange> Stretches() const;
  // The base with the greatest index.
  [[nodiscard]] const BaseObject* Newest() const { return bases.empty() ? nullptr : &bases.back(); }
  [[nodiscard]] const BaseObject* BaseAt(Index index) const;
  [[nodiscard]] bool HasGapNote(Index behind) const;
};

}  // namespace keel::backup
