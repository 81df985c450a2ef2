#include "backup/archive/archive_reader.h"

#include <utility>

#include "base/mutant.h"

namespace keel::backup {

Result<Segment> ReadSegment(const ArchiveReader::Options& options, const SegmentObject& object) {
  KEEL_ASSIGN_OR_RETURN(const std::string bytes, options.store->Get(object.name));
  KEEL_ASSIGN_OR_RETURN(Segment segment,
                        OpenSegment({.name = object.name, .bytes = bytes, .key = options.key}));
  if (segment.header.previous.index.Next() != object.first ||
      segment.trailer.last.index != object.last) {
    return DataLoss(object.name + ": it holds other entries than its name says");
  }
  if (segment.header.cluster_id != options.cluster_id) {
    return DataLoss(object.name + ": it is of another cluster than the base");
  }
  return segment;
}

Result<std::vector<ArchivedEntry>> Follow(Segment segment, JoinPlace* place) {
  ArchivePosition at = segment.header.previous;
  const ArchivePosition wanted = place->at;
  size_t skipped = 0;
  for (; at.index < wanted.index && skipped < segment.entries.size(); ++skipped) {
    Advance(segment.entries[skipped], &at);
  }
  const bool fits = at.index == wanted.index && at.term == wanted.term &&
                    at.time_ms == wanted.time_ms &&
                    (!place->knows_chain || at.chain == wanted.chain);
  if (!fits) {
    return DataLoss(
        SegmentName({segment.header.previous.index.Next(), segment.trailer.last.index}) +
        ": its entries do not follow on those before index " +
        std::to_string(wanted.index.value() + 1) + ": they are of another history");
  }
  if (!KEEL_MUTANT(kArchiveTakenTwice)) {
    segment.entries.erase(segment.entries.begin(),
                          segment.entries.begin() + static_cast<ptrdiff_t>(skipped));
  }
  *place = {.at = segment.trailer.last, .knows_chain = true};
  return std::move(segment.entries);
}

ArchiveReader::ArchiveReader(Options options)
    : options_(std::move(options)),
      chain_(options_.catalogue->ChainBehind(options_.base.index)),
      place_{.at = options_.base} {}

Result<std::vector<ArchivedEntry>> ArchiveReader::Next() {
  if (next_ == chain_.size()) return std::vector<ArchivedEntry>();
  KEEL_ASSIGN_OR_RETURN(Segment segment, ReadSegment(options_, chain_[next_]));
  ++next_;
  return Follow(std::move(segment), &place_);
}

}  // namespace keel::backup
