#include "backup/archive/catalogue.h"

#include <algorithm>
#include <array>
#include <span>
#include <tuple>

#include "base/numbers.h"

namespace keel::backup {

namespace {

constexpr std::string_view kBase = "base-";
constexpr std::string_view kBaseEnd = ".keel";
constexpr std::string_view kSegment = "segment-";
constexpr std::string_view kSegmentEnd = ".kseg";
constexpr std::string_view kGap = "gap-";
constexpr size_t kIndexDigits = 16;

std::string IndexText(Index index) {
  const std::string text = HexNumber(index.value());
  return std::string(kIndexDigits - text.size(), '0') + text;
}

std::optional<Index> ParseIndex(std::string_view text) {
  if (text.size() != kIndexDigits) return std::nullopt;
  uint64_t value = 0;
  for (const char digit : text) {
    if ((digit < '0' || digit > '9') && (digit < 'a' || digit > 'f')) return std::nullopt;
    value = value * 16 + static_cast<uint64_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  }
  return Index(value);
}

// The parts between the dashes of what stands between `begin` and `end`; none if it does not.
std::vector<std::string_view> PartsOf(std::string_view name, std::string_view begin,
                                      std::string_view end) {
  std::vector<std::string_view> parts;
  if (!name.starts_with(begin) || !name.ends_with(end) || name.size() < begin.size() + end.size()) {
    return parts;
  }
  name = name.substr(begin.size(), name.size() - begin.size() - end.size());
  while (true) {
    const size_t dash = name.find('-');
    parts.push_back(name.substr(0, dash));
    if (dash == std::string_view::npos) return parts;
    name.remove_prefix(dash + 1);
  }
}

std::optional<BaseObject> ParseBase(const ObjectInfo& object) {
  const auto parts = PartsOf(object.name, kBase, kBaseEnd);
  if (parts.size() != 4) return std::nullopt;
  const auto index = ParseIndex(parts[0]);
  const auto term = ParseNumber<uint64_t>(parts[1]);
  const auto revision = ParseNumber<uint64_t>(parts[2]);
  const auto time_ms = ParseNumber<uint64_t>(parts[3]);
  if (!index.has_value() || !term.has_value() || !revision.has_value() || !time_ms.has_value()) {
    return std::nullopt;
  }
  return BaseObject{.index = *index,
                    .term = Term(*term),
                    .revision = Revision(*revision),
                    .time_ms = *time_ms,
                    .name = object.name,
                    .size_bytes = object.size_bytes};
}

std::optional<SegmentObject> ParseSegment(const ObjectInfo& object) {
  const auto parts = PartsOf(object.name, kSegment, kSegmentEnd);
  if (parts.size() != 2) return std::nullopt;
  const auto first = ParseIndex(parts[0]);
  const auto last = ParseIndex(parts[1]);
  if (!first.has_value() || !last.has_value() || first->IsNone() || *last < *first) {
    return std::nullopt;
  }
  return SegmentObject{
      .first = *first, .last = *last, .name = object.name, .size_bytes = object.size_bytes};
}

std::optional<GapObject> ParseGap(const ObjectInfo& object) {
  const auto parts = PartsOf(object.name, kGap, "");
  if (parts.size() != 1) return std::nullopt;
  const auto behind = ParseIndex(parts[0]);
  if (!behind.has_value()) return std::nullopt;
  return GapObject{.behind = *behind, .name = object.name};
}

}  // namespace

std::string BaseName(const BasePlace& place) {
  return std::string(kBase) + IndexText(place.index) + "-" + std::to_string(place.term.value()) +
         "-" + std::to_string(place.revision.value()) + "-" + std::to_string(place.time_ms) +
         std::string(kBaseEnd);
}

std::string SegmentName(const IndexRange& range) {
  return std::string(kSegment) + IndexText(range.first) + "-" + IndexText(range.last) +
         std::string(kSegmentEnd);
}

std::string GapName(Index behind) { return std::string(kGap) + IndexText(behind); }

Catalogue Catalogue::Of(const std::vector<ObjectInfo>& objects) {
  Catalogue catalogue;
  for (const ObjectInfo& object : objects) {
    if (auto base = ParseBase(object); base.has_value()) {
      catalogue.bases.push_back(std::move(*base));
    } else if (auto segment = ParseSegment(object); segment.has_value()) {
      catalogue.segments.push_back(std::move(*segment));
    } else if (auto gap = ParseGap(object); gap.has_value()) {
      catalogue.gaps.push_back(std::move(*gap));
    } else if (object.name == kTipName) {
      catalogue.has_tip = true;
    } else {
      catalogue.strangers.push_back(object.name);
    }
  }
  std::ranges::sort(catalogue.bases, {},
                    [](const BaseObject& base) { return std::tuple(base.index, base.name); });
  std::ranges::sort(catalogue.segments, {}, [](const SegmentObject& segment) {
    return std::tuple(segment.first, segment.last);
  });
  std::ranges::sort(catalogue.gaps, {}, &GapObject::behind);
  std::erase_if(catalogue.segments, [&catalogue](const SegmentObject& segment) {
    const bool is_late = catalogue.HasGapNote(segment.first.Prev());
    if (is_late) catalogue.late.push_back(segment);
    return is_late;
  });
  return catalogue;
}

std::vector<SegmentObject> Catalogue::ChainBehind(Index index) const {
  std::vector<SegmentObject> chain;
  const SegmentObject* best = nullptr;
  for (auto next = segments.begin(); next != segments.end();) {
    // All that begin no later than where the chain has come to; the one that leads farthest.
    for (; next != segments.end() && next->first <= index.Next(); ++next) {
      if (next->last > index && (best == nullptr || next->last > best->last)) best = &*next;
    }
    if (best == nullptr || best->last <= index) break;
    chain.push_back(*best);
    index = best->last;
  }
  return chain;
}

std::vector<IndexRange> Catalogue::Stretches() const {
  std::vector<IndexRange> stretches;
  for (const SegmentObject& segment : segments) {
    if (stretches.empty() || segment.first > stretches.back().last.Next()) {
      stretches.push_back({segment.first, segment.last});
    } else {
      stretches.back().last = std::max(stretches.back().last, segment.last);
    }
  }
  return stretches;
}

const BaseObject* Catalogue::BaseAt(Index index) const {
  const auto found = std::ranges::find(bases, index, &BaseObject::index);
  return found == bases.end() ? nullptr : &*found;
}

bool Catalogue::HasGapNote(Index behind) const {
  return std::ranges::binary_search(gaps, behind, {}, &GapObject::behind);
}

}  // namespace keel::backup
