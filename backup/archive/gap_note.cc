#include "backup/archive/gap_note.h"

#include "backup/archive/waymark.h"

namespace keel::backup {

namespace {

constexpr std::string_view kMagic = "KEELGAP1";

}  // namespace

std::string EncodeGapNote(const GapNote& note) {
  return EncodeWaymark(
      kMagic, {.cluster_id = note.cluster_id, .at = note.behind, .time_ms = note.noted_ms});
}

Result<GapNote> DecodeGapNote(std::string_view bytes) {
  const auto mark = DecodeWaymark(kMagic, bytes);
  if (!mark) return DataLoss("the note of a gap is damaged; no moment depends on it");
  return GapNote{.cluster_id = mark->cluster_id, .behind = mark->at, .noted_ms = mark->time_ms};
}

}  // namespace keel::backup
