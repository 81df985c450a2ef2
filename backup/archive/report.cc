#include "backup/archive/report.h"

#include <algorithm>

namespace keel::backup {

namespace {

ArchivePosition PositionOf(const BaseObject& base) {
  return {.index = base.index, .term = base.term, .time_ms = base.time_ms};
}

}  // namespace

void ArchiveReport::BeginWith(const BaseObject& oldest) {
  begin = {oldest.index, oldest.term, oldest.revision, oldest.time_ms};
  end = PositionOf(oldest);
}

std::optional<ArchiveGap> ArchiveReport::GapBefore(const ArchivePosition& next) const {
  if (end.index.IsNone() || next.index <= end.index) return std::nullopt;
  return ArchiveGap{
      .missing = {end.index.Next(), next.index}, .begins_ms = end.time_ms, .ends_ms = next.time_ms};
}

void ArchiveReport::EndWith(const BaseObject& newest) {
  if (newest.index <= end.index) return;
  if (auto gap = GapBefore(PositionOf(newest)); gap.has_value()) gaps.push_back(*gap);
  end = PositionOf(newest);
}

void ArchiveReport::EndOpen() {
  gaps.push_back({.missing = {end.index.Next(), Index()}, .begins_ms = end.time_ms});
}

void ArchiveReport::Heed(const Tip& tip) {
  if (tip.cluster_id != cluster_id) return;
  if (tip.at.index != end.index || tip.at.term != end.term) return;
  whole_until_ms = std::max(whole_until_ms, tip.whole_until_ms);
}

}  // namespace keel::backup
