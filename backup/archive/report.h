// What an archive holds, from where to where, and what is missing in between: found by reading all
// of it (verify.h), or by its names and the ends of its stretches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backup/archive/catalogue.h"
#include "backup/archive/segment_format.h"
#include "backup/archive/tip.h"

namespace keel::backup {

// What is missing between two stretches: nothing between the two times can be restored. Without a
// last index and a time at its end: noted, and no base is behind it yet.
struct ArchiveGap {
  IndexRange missing;
  uint64_t begins_ms = 0;
  uint64_t ends_ms = 0;

  [[nodiscard]] bool IsOpen() const { return missing.last.IsNone(); }
};

struct ArchiveReport {
  uint64_t cluster_id = 0;
  uint64_t bases = 0;
  uint64_t segments = 0;
  uint64_t entries = 0;  // counted once, however often they are kept
  uint64_t size_bytes = 0;
  // From the first base on to the end.
  BasePlace begin;
  ArchivePosition end;
  uint64_t whole_until_ms = 0;  // the end's time, or the tip's
  // Marked when they came about: the archive was given up there, and a new base followed.
  std::vector<ArchiveGap> gaps;
  std::vector<std::string> problems;  // of any kind: empty, or the archive is damaged

  // In the order of the log: the oldest base, what the segments say (by `end`), the newest base.
  void BeginWith(const BaseObject& oldest);
  // What is missing between the end so far and where the archive goes on.
  [[nodiscard]] std::optional<ArchiveGap> GapBefore(const ArchivePosition& next) const;
  // A base behind the last segment is the end.
  void EndWith(const BaseObject& newest);
  // A gap was noted at the end.
  void EndOpen();
  // A tip says something of the end that it was written for alone.
  void Heed(const Tip& tip);
};

}  // namespace keel::backup
