// What keeps an archive small: what may go, and small segments joined to larger ones.
//
// Plans are pure; carrying them out blocks. Whatever moment of the kept time could be restored
// before can be restored at any point of the work, and after it: a joined segment is durable before
// its parts go, and readers take either.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backup/archive/catalogue.h"

namespace keel::backup {

// The objects that no restore to `from_ms` or later needs, in the order in which they may go.
[[nodiscard]] std::vector<std::string> PrunePlan(const Catalogue& catalogue, uint64_t from_ms);

// Neighbours of about one size that are worth being one object; empty: none are.
[[nodiscard]] std::vector<SegmentObject> JoinPlan(const Catalogue& catalogue);

struct JoinOptions {
  ArchiveStore* store = nullptr;
  std::string key;
  uint64_t written_ms = 0;
  std::vector<SegmentObject> parts;
};
Status JoinSegments(const JoinOptions& options);

}  // namespace keel::backup
