// What happens to a LevelDB directory before LevelDB may open it.
//
// A crash may tear the end of the newest log and of the MANIFEST: with paranoid checks LevelDB then
// refuses to open, and without them it drops damaged records in the middle and goes on. So the torn
// ends are cut here, and everything else that is wrong is DATA_LOSS, naming file and offset:
// - an older log is whole, since it was synced before its successor was made;
// - the logs to be replayed join on to the tables and to one another by sequence number, or a cut
//   MANIFEST would silently lose a flushed log;
// - a directory with data but no CURRENT is damaged, not new.
// What is cut was never reported durable, or the applied index that comes back says so to the raft
// log. Blocking; one caller, before the database is open.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"

namespace keel::kv {

struct TornTail {
  std::string path;
  uint64_t offset = 0;
  uint64_t cut_bytes = 0;
  std::string complaint;
};

struct LevelRepair {
  bool fresh = false;  // nothing is there yet: LevelDB may create a database
  std::vector<TornTail> torn;
};

[[nodiscard]] Result<LevelRepair> PrepareLevelDirectory(FileSystem* files,
                                                        const std::string& directory);

// The whole of a file.
// What to say of a read that fails.
inline constexpr std::string_view kReadAdvice =
    "; nothing was changed: if the disk is failing, replace this member, else start it again";

[[nodiscard]] Result<std::string> ReadWholeFile(FileSystem* files, const std::string& path);

}  // namespace keel::kv
