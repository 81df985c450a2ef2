// Keeps files ready to become segments: already allocated, already written, so that a sync of new
// records in them has nothing but the records to make durable.
//
// A spare is a segment that the log no longer needs (recycled), or a new file that was filled with
// zeros ahead of use. Used by the log's owner alone; all calls block.
//
// Always: a file is taken only after its earlier name was durably given up, or else a crash would
// show the new segment's bytes under the old segment's name.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "base/status.h"
#include "wal/options.h"

namespace keel::wal {

class SegmentPool {
 public:
  // `spares` are the names of spare files that are there. Borrows `files`.
  SegmentPool(FileSystem* files, const LogOptions& options, std::vector<std::string> spares);

  // A file for segment `sequence` under the segment's name, at least `size_bytes` long. The name is
  // not durable yet. RESOURCE_EXHAUSTED when the disk is full; then nothing has changed.
  struct Need {
    uint64_t sequence = 0;
    uint64_t size_bytes = 0;
  };
  struct Taken {
    std::unique_ptr<WritableFile> file;
    uint64_t size_bytes = 0;
  };
  Result<Taken> Take(const Need& need);

  // Gives up the name of a segment that is not needed any more: its file becomes a spare if it fits
  // and nobody reads it, or goes away. Spares are usable after the next SyncNames.
  struct GivenUp {
    uint64_t sequence = 0;
    bool may_recycle = true;
  };
  Status GiveUp(const GivenUp& segment);
  // Makes durable what GiveUp, Take and removing have done to names.
  Status SyncNames();

  // One step of writing a new spare ahead; true if there is nothing left to do. *next_number names
  // the spare if one is begun, and moves on.
  Result<bool> PrepareStep(uint64_t* next_number);

  [[nodiscard]] size_t spares() const { return spares_.size(); }
  [[nodiscard]] std::string PathOf(const std::string& name) const;

 private:
  Result<Taken> Create(const Need& need);
  Result<Taken> Reuse(const std::string& spare, const Need& need);

  FileSystem* files_;
  LogOptions options_;
  // Ready for use, oldest first.
  std::deque<std::string> spares_;
  // Given up, but not durably yet.
  std::vector<std::string> unsettled_;
  // The spare that is being written ahead.
  std::unique_ptr<WritableFile> growing_;
  std::string growing_name_;
  uint64_t grown_bytes_ = 0;
};

}  // namespace keel::wal
