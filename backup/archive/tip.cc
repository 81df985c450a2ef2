#include "backup/archive/tip.h"

#include "backup/archive/waymark.h"

namespace keel::backup {

namespace {

constexpr std::string_view kMagic = "KEELTIP1";

}  // namespace

std::string EncodeTip(const Tip& tip) {
  return EncodeWaymark(kMagic,
                       {.cluster_id = tip.cluster_id, .at = tip.at, .time_ms = tip.whole_until_ms});
}

Result<Tip> DecodeTip(std::string_view bytes) {
  const auto mark = DecodeWaymark(kMagic, bytes);
  if (!mark) {
    return DataLoss("the tip is damaged; without it, what the segments hold can be restored");
  }
  return Tip{.cluster_id = mark->cluster_id, .at = mark->at, .whole_until_ms = mark->time_ms};
}

}  // namespace keel::backup
