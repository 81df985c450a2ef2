// Makes a member's data directory out of an archive: the state of any moment that it holds.
//
// The newest base that is not behind the target is verified and unpacked, and the entries behind it
// are applied by the code that members run, up to the target. What is damaged, missing or across a
// gap is refused, and nothing is left behind. The new cluster's identity is drawn from the state
// that comes out, so members restored to one target agree, whatever base each was built on.
// Blocking; one call.
#pragma once

#include "tools/restore/restore.h"
#include "tools/restore/target.h"

namespace keel::restore {

struct ArchiveRestoreOptions {
  RestoreOptions member;  // all but `snapshot`
  std::string archive;    // the directory that holds the objects
  Target target;
};

struct RestoredPoint {
  uint64_t cluster_id = 0;
  uint64_t member_id = 0;
  Revision revision;  // the new cluster's first
  // What was restored, in the old cluster's words.
  Index index;
  Term term;
  Revision old_revision;
  uint64_t time_ms = 0;
  uint64_t entries = 0;  // applied behind the base
};

// DATA_LOSS if something that is needed is damaged or missing; OUT_OF_RANGE if the target is before
// the archive, behind its end, or in a gap. Else as Restore.
[[nodiscard]] Result<RestoredPoint> RestoreArchive(const ArchiveRestoreOptions& options);

}  // namespace keel::restore
