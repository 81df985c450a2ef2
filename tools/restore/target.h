// Up to where an archive is replayed: its end, a moment, or a revision.
//
// To a moment: every entry whose time in the log is that or earlier. To a revision: up to the entry
// that makes it; a revoke of many leases makes several at once, and where only one of those in the
// middle is wanted, up to the entry before. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>

#include "backup/archive/catalogue.h"
#include "backup/archive/segment_format.h"
#include "base/ids.h"
#include "base/result.h"

namespace keel::restore {

struct Target {
  enum class Kind : uint8_t { kLatest, kTime, kRevision };
  Kind kind = Kind::kLatest;
  uint64_t time_ms = 0;
  Revision revision;
};

// The newest base that is not behind the target. OUT_OF_RANGE if the archive begins later.
[[nodiscard]] Result<const backup::BaseObject*> ChooseBase(const backup::Catalogue& catalogue,
                                                           const Target& target);

// How many of the entries, from the first on, are for sure not behind the target when they are
// applied together to a state at `revision`.
[[nodiscard]] size_t CountWithin(std::span<const backup::ArchivedEntry> entries,
                                 const Target& target, Revision revision);

}  // namespace keel::restore
