// Which archive a directory holds: --archive=DIR keeps one for each cluster under it, DIR/<cluster
// id>, so that a restored cluster never writes into the archive that it came from.
//
// Pure but for the listing; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/file_system.h"
#include "base/result.h"

namespace keel::backup {

// The directory of a cluster's archive under `directory`.
[[nodiscard]] std::string ArchiveDirectory(const std::string& directory, uint64_t cluster_id);

// The one that is meant: `directory` itself if it holds objects, or the one under it; where there
// are several, that of `cluster`, as HexNumber writes its id. INVALID_ARGUMENT if that is not told.
struct ArchiveWanted {
  std::string directory;
  std::string cluster;  // empty: the only one
};
[[nodiscard]] Result<std::string> FindArchive(FileSystem* files, const ArchiveWanted& wanted);

}  // namespace keel::backup
