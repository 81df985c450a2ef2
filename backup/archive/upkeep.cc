#include "backup/archive/upkeep.h"

#include <utility>

#include "backup/archive/archive_reader.h"
#include "base/mutant.h"

namespace keel::backup {

namespace {

// A tier holds sizes up to 16 times the one below: an entry is rewritten once a tier at most.
constexpr uint64_t kSmallestTierBytes = 1024;
constexpr uint64_t kTierFactor = 16;
constexpr size_t kPartsMin = 16;
constexpr uint64_t kJoinedBytesMax = uint64_t{8} << 20;

int TierOf(uint64_t size_bytes) {
  int tier = 0;
  for (uint64_t bound = kSmallestTierBytes; size_bytes > bound; bound *= kTierFactor) ++tier;
  return tier;
}

}  // namespace

std::vector<std::string> PrunePlan(const Catalogue& catalogue, uint64_t from_ms) {
  const BaseObject* floor = nullptr;
  for (const BaseObject& base : catalogue.bases) {
    if (base.time_ms <= from_ms) floor = &base;
  }
  std::vector<std::string> names;
  if (floor == nullptr) return names;
  for (const BaseObject& base : catalogue.bases) {
    if (base.index < floor->index) names.push_back(base.name);
  }
  for (const SegmentObject& segment : catalogue.segments) {
    const bool is_needless = KEEL_MUTANT(kArchivePrunesNeeded)
                                 ? segment.first <= floor->index.Next()
                                 : segment.last <= floor->index;
    if (is_needless) names.push_back(segment.name);
  }
  // Before the notes that make them late.
  for (const SegmentObject& segment : catalogue.late) {
    if (segment.first.Prev() < floor->index) names.push_back(segment.name);
  }
  for (const GapObject& gap : catalogue.gaps) {
    if (gap.behind < floor->index) names.push_back(gap.name);
  }
  return names;
}

std::vector<SegmentObject> JoinPlan(const Catalogue& catalogue) {
  std::vector<SegmentObject> run;
  uint64_t size_bytes = 0;
  for (const SegmentObject& segment : catalogue.segments) {
    const bool goes_on = !run.empty() && segment.first == run.back().last.Next() &&
                         TierOf(segment.size_bytes) == TierOf(run.back().size_bytes) &&
                         size_bytes + segment.size_bytes <= kJoinedBytesMax;
    if (!goes_on) {
      if (run.size() >= kPartsMin) return run;
      run.clear();
      size_bytes = 0;
    }
    run.push_back(segment);
    size_bytes += segment.size_bytes;
    if (run.size() == kPartsMin * kTierFactor) break;
  }
  if (run.size() < kPartsMin) run.clear();
  return run;
}

namespace {

Status RemoveAll(const JoinOptions& options) {
  for (const SegmentObject& part : options.parts) {
    KEEL_RETURN_IF_ERROR(options.store->Remove(part.name));
  }
  return {};
}

}  // namespace

Status JoinSegments(const JoinOptions& options) {
  SegmentDraft draft{.written_ms = options.written_ms};
  JoinPlace place;
  for (const SegmentObject& part : options.parts) {
    KEEL_ASSIGN_OR_RETURN(const std::string bytes, options.store->Get(part.name));
    KEEL_ASSIGN_OR_RETURN(Segment segment,
                          OpenSegment({.name = part.name, .bytes = bytes, .key = options.key}));
    if (draft.entries.empty()) {
      draft.cluster_id = segment.header.cluster_id;
      draft.member_id = segment.header.member_id;
      draft.previous = segment.header.previous;
      draft.begins_chain = segment.header.begins_chain;
      place = {.at = segment.header.previous, .knows_chain = true};
    }
    draft.revision = segment.trailer.revision;
    KEEL_ASSIGN_OR_RETURN(auto entries, Follow(std::move(segment), &place));
    for (ArchivedEntry& entry : entries) draft.entries.push_back(std::move(entry));
  }
  KEEL_ASSIGN_OR_RETURN(const SealedSegment joined, SealSegment(draft, options.key));
  if (KEEL_MUTANT(kArchiveJoinsEarly)) KEEL_RETURN_IF_ERROR(RemoveAll(options));
  const std::string name = SegmentName({draft.previous.index.Next(), joined.last.index});
  KEEL_RETURN_IF_ERROR(options.store->Put(name, joined.bytes));
  return KEEL_MUTANT(kArchiveJoinsEarly) ? Status() : RemoveAll(options);
}

}  // namespace keel::backup
