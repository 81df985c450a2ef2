// Reads LevelDB's log format, in which its logs and its MANIFESTs are written: enough of it to find
// where a file stops making sense before LevelDB opens it.
//
// Blocks of 32 KiB hold fragments {masked crc32c, length, type}; a record is one whole fragment or
// a first, middles and a last. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace keel::kv {

struct LevelLogScan {
  std::vector<std::string> records;
  // Where the last good record ends. Short of the file's size, `complaint` says what follows.
  uint64_t good_bytes = 0;
  std::string complaint;
};
[[nodiscard]] LevelLogScan ScanLevelLog(std::string_view file);

// What a MANIFEST's records say about the logs.
struct ManifestLogs {
  uint64_t log_number = 0;
  uint64_t previous_log_number = 0;
  uint64_t last_sequence = 0;
};
// DATA_LOSS where a record, its checksum being right, does not decode.
Status ReadManifestLogs(const std::vector<std::string>& records, ManifestLogs* logs);

}  // namespace keel::kv
