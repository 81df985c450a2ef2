// Reads entries back from the disk, verified, while the log goes on.
//
// A plan is made by the log's owner and may be run once on any thread: it shares the files that it
// reads, and as long as it lives they are not recycled under it. What it reads is what the log held
// when the plan was made, even if the tail was replaced or the front compacted since.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/ids.h"
#include "base/status.h"
#include "wal/types.h"

namespace keel::wal {

// One segment's file, open for reading.
struct SegmentReader {
  std::string path;
  uint64_t incarnation = 0;
  uint64_t size_bytes = 0;
  std::unique_ptr<ReadableFile> file;
};

class ReadPlan {
 public:
  // A stretch of a segment that holds entries first..last one after the other, `first` perhaps
  // behind others.
  struct Stretch {
    std::shared_ptr<const SegmentReader> segment;
    uint64_t offset = 0;
    uint64_t checksum = 0;  // of the record before
    uint64_t end_offset = 0;
    Index first;
    Index last;
  };
  explicit ReadPlan(std::vector<Stretch> stretches) : stretches_(std::move(stretches)) {}

  // Hands over the entries in order; a failure of the visitor ends it. DATA_LOSS, with file, offset
  // and what to do, if what was written there is not there any more.
  using EntryVisitor = std::function<Status(const EntryView&)>;
  Status Run(const EntryVisitor& visitor) const;

 private:
  static Status RunStretch(const Stretch& stretch, const EntryVisitor& visitor);

  std::vector<Stretch> stretches_;
};

}  // namespace keel::wal
