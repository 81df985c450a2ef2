// Reads all of an archive and says what is wrong with it.
//
// Every byte of every object is under a checksum; bases are held to what must hold of a state, as
// `snapshot verify` does; segments to one another and to the bases by the chain of hashes, by terms
// and by times. Finds all that is wrong, not only the first. Blocking; one call.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "backup/archive/catalogue.h"
#include "backup/archive/segment_format.h"
#include "base/file_system.h"
#include "base/result.h"

namespace keel::backup {

struct VerifyOptions {
  FileSystem* files = nullptr;  // for what the store fetches
  ArchiveStore* store = nullptr;
  std::string key;
  // With each object that was read. A failure that it gives ends the reading.
  std::function<Status(uint64_t bytes_read)> on_progress;
};

// What is missing between two stretches: nothing between the two times can be restored. Without a
// last index and a time at its end: noted, and no base is behind it yet.
struct ArchiveGap {
  IndexRange missing;
  uint64_t begins_ms = 0;
  uint64_t ends_ms = 0;

  [[nodiscard]] bool IsOpen() const { return missing.last.IsNone(); }
};

struct ArchiveReport {
  uint64_t cluster_id = 0;
  uint64_t bases = 0;
  uint64_t segments = 0;
  uint64_t entries = 0;  // counted once, however often they are kept
  uint64_t size_bytes = 0;
  // From the first base on to the end.
  BasePlace begin;
  ArchivePosition end;
  uint64_t whole_until_ms = 0;  // the end's time, or the tip's
  // Marked when they came about: the archive was given up there, and a new base followed.
  std::vector<ArchiveGap> gaps;
  std::vector<std::string> problems;  // of any kind: empty, or the archive is damaged
};
// Fails where the archive cannot be read at all.
[[nodiscard]] Result<ArchiveReport> VerifyArchive(const VerifyOptions& options);

// A base, held to its own checksums, to its name, and to what must hold of a state.
struct BaseFindings {
  uint64_t cluster_id = 0;
  uint64_t chain_hash = 0;
};
[[nodiscard]] Result<BaseFindings> CheckBase(const VerifyOptions& options, const BaseObject& base);

}  // namespace keel::backup
