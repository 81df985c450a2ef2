// The files of a log's directory, and which of them make up the log.
//
// The log is the newest segment with a valid header and what that header links back to. A segment
// that nothing links to (begun and torn, or left behind by a crash in a compaction or a reset) is
// no part of it, whatever it holds. Only reads.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "wal/format.h"
#include "wal/options.h"

namespace keel::wal {

struct SegmentFile {
  std::string path;
  uint64_t size_bytes = 0;
  // None if neither copy is valid, or if it is of an earlier life of the file.
  std::optional<SegmentHeader> header;
  bool header_damaged = false;  // one copy is not valid
};

struct Inventory {
  std::map<uint64_t, SegmentFile> segments;  // by sequence
  std::vector<std::string> spares;
  std::vector<std::string> unusable_spares;
  uint64_t next_sequence = 1;

  // The sequences of the log, oldest first.
  [[nodiscard]] std::vector<uint64_t> Chain() const;
};

// A directory that is not there is an empty one.
[[nodiscard]] Result<Inventory> TakeInventory(FileSystem* files, const LogOptions& options);

}  // namespace keel::wal
