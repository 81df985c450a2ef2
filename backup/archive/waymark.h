// A waymark: one position of an archive and one moment, in a small sealed object of its own. The
// tip and the note of a gap are waymarks, told apart by their magic. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "backup/archive/segment_format.h"

namespace keel::backup {

struct Waymark {
  uint64_t cluster_id = 0;
  ArchivePosition at;
  uint64_t time_ms = 0;
};
[[nodiscard]] std::string EncodeWaymark(std::string_view magic, const Waymark& mark);
// Nothing for what EncodeWaymark would not have made of that magic.
[[nodiscard]] std::optional<Waymark> DecodeWaymark(std::string_view magic, std::string_view bytes);

}  // namespace keel::backup
