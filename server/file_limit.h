// How many files and sockets this process may have open, and how many of them clients may take.
//
// The usual soft limit, 1024, is there for programs that wait by select(); the hard one is what the
// administrator allows. What the state, the log and the peers need is kept out of the clients'
// reach: a table that cannot be opened ends the process, a connection that is refused goes
// elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"

namespace keel::server {

// LevelDB's tables (500), the log's segments, both lanes of the peers, and some to spare.
inline constexpr uint64_t kFilesReserved = 700;

struct FileLimit {
  uint64_t found = 0;
  uint64_t now = 0;
};
// Raises the soft limit to the hard one.
[[nodiscard]] Result<FileLimit> RaiseFileLimit();

// At most `wanted`: what `files_max` leaves beside the reserve, and a quarter of it where that is
// too small for both.
[[nodiscard]] size_t ConnectionsMax(uint64_t files_max, size_t wanted);

}  // namespace keel::server
