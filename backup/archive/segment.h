// A segment of an archive, whole in memory: sealed to the bytes of a file, and opened from them.
//
// Segments are small, a few MiB of entries at most: whoever ships one has its entries at hand, and
// whoever reads one wants all of them. Opening verifies every byte. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backup/archive/segment_format.h"
#include "base/result.h"

namespace keel::backup {

struct Segment {
  SegmentHeader header;
  SegmentTrailer trailer;
  std::vector<ArchivedEntry> entries;
};

struct SegmentDraft {
  uint64_t cluster_id = 0;
  uint64_t member_id = 0;
  uint64_t written_ms = 0;
  ArchivePosition previous;
  bool begins_chain = false;
  Revision revision;                   // behind the last entry; none: unknown
  std::vector<ArchivedEntry> entries;  // at least one
};
struct SealedSegment {
  std::string bytes;
  ArchivePosition last;
};
// `key`: of a key file; empty: not encrypted. Fails only where the system gives no random bytes.
[[nodiscard]] Result<SealedSegment> SealSegment(const SegmentDraft& draft, const std::string& key);

struct SegmentBytes {
  std::string name;  // for words
  std::string_view bytes;
  std::string key;
};
[[nodiscard]] Result<Segment> OpenSegment(const SegmentBytes& file);

}  // namespace keel::backup
