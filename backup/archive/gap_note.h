// A gap's note: the archive was given up behind a position, because the log has let go of what
// follows.
//
// It is there before anything that comes behind the gap, so that whoever reads an archive in which
// nothing comes behind yet knows that it is broken, and leaders who follow know that it was told.
// It says nothing where segments lead on over that position. Pure.
#pragma once

#include <string>
#include <string_view>

#include "backup/archive/segment_format.h"
#include "base/result.h"

namespace keel::backup {

struct GapNote {
  uint64_t cluster_id = 0;
  ArchivePosition behind;
  uint64_t noted_ms = 0;  // by the leader's wall clock

  friend bool operator==(const GapNote&, const GapNote&) = default;
};
[[nodiscard]] std::string EncodeGapNote(const GapNote& note);
// DATA_LOSS for what EncodeGapNote would not have made.
[[nodiscard]] Result<GapNote> DecodeGapNote(std::string_view bytes);

}  // namespace keel::backup
