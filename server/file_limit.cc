#include "server/file_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

namespace keel::server {

Result<FileLimit> RaiseFileLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return ErrnoStatus(errno, "getrlimit");
  const uint64_t found = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (found != limit.rlim_max && ::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return ErrnoStatus(errno, "setrlimit");
  }
  return FileLimit{.found = found, .now = limit.rlim_cur};
}

size_t ConnectionsMax(uint64_t files_max, size_t wanted) {
  const uint64_t left = files_max > kFilesReserved ? files_max - kFilesReserved : 0;
  return std::min<uint64_t>(wanted, std::max(left, files_max / 4));
}

}  // namespace keel::server
