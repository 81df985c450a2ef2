// What the owner of a log decides about it. Values; the file system is borrowed and outlives the
// log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/ids.h"

namespace keel::wal {

struct LogOptions {
  // Holds the log and nothing else. Made when it is missing; its parent must exist.
  std::string directory;
  // Both are in every segment's header, and a log with others is refused.
  uint64_t group = 0;
  NodeId member;
  // The length of a segment; one batch that is longer gets a longer segment.
  uint64_t segment_bytes = uint64_t{64} << 20;
  // Segments kept ready for use, recycled or written ahead. More are deleted.
  size_t spares_max = 2;
  // How much one call of Prepare writes ahead.
  uint64_t prepare_step_bytes = uint64_t{1} << 20;
};

}  // namespace keel::wal
