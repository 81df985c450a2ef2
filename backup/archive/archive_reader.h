// Reads an archive's entries behind a base, in the order of the log, and trusts nothing.
//
// Segments may overlap, where two leaders wrote at once or small ones were joined; each entry comes
// once. Every segment must fit the one before it by the chain of hashes. Blocking; one thread at a
// time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backup/archive/catalogue.h"
#include "backup/archive/segment.h"
#include "backup/archive/store.h"
#include "base/result.h"

namespace keel::backup {

// The entries of `segment` behind `*at`, which moves over them. The hash of `*at` may be unknown:
// then it is taken from the segment, and index, term and time must fit. DATA_LOSS if the two are
// not of one history.
struct JoinPlace {
  ArchivePosition at;
  bool knows_chain = false;
};
[[nodiscard]] Result<std::vector<ArchivedEntry>> Follow(Segment segment, JoinPlace* place);

class ArchiveReader {
 public:
  struct Options {
    ArchiveStore* store = nullptr;
    std::string key;  // of the key file; empty: none was given
    uint64_t cluster_id = 0;
    const Catalogue* catalogue = nullptr;
    ArchivePosition base;  // its hash is not known
  };
  explicit ArchiveReader(Options options);

  // The entries of the next segment; none at the end of the chain.
  [[nodiscard]] Result<std::vector<ArchivedEntry>> Next();
  // Behind all that Next gave.
  [[nodiscard]] const ArchivePosition& at() const { return place_.at; }
  [[nodiscard]] bool knows_chain() const { return place_.knows_chain; }

 private:
  const Options options_;
  std::vector<SegmentObject> chain_;
  size_t next_ = 0;
  JoinPlace place_;
};

// Reads a segment and holds it to its name.
[[nodiscard]] Result<Segment> ReadSegment(const ArchiveReader::Options& options,
                                          const SegmentObject& object);

}  // namespace keel::backup
