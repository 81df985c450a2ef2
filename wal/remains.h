// What stands in a segment behind the place where it could not be read on.
//
// The chain of checksums is lost there, but every mark carries a checksum of its own, and the
// records behind a trusted mark can be verified against it again. So the remains can prove that
// something durable was lost, and tell how far the log had come and what its base was; they are
// never taken for entries. Only reads.
#pragma once

#include <cstdint>

#include "base/file_system.h"
#include "base/result.h"
#include "wal/types.h"

namespace keel::wal {

struct Remains {
  // A record of this incarnation was begun there.
  bool has_trace = false;
  // A trusted mark says that bytes beyond the place had been durable.
  bool proves_loss = false;
  // The furthest that the log had come, and its base, as far as the remains know; 0 if they do not.
  Position last;
  Position base;
};

struct RemainsOptions {
  uint64_t from_offset = 0;
  uint64_t sequence = 0;
  // 0 if the segment's header is lost: then any mark that names the sequence and its own place will
  // do.
  uint64_t incarnation = 0;
};
[[nodiscard]] Result<Remains> FindRemains(const ReadableFile& file, const RemainsOptions& options);

}  // namespace keel::wal
