// Reads all of an archive and says what is wrong with it.
//
// Every byte of every object is under a checksum; bases are held to what must hold of a state, as
// `snapshot verify` does; segments to one another and to the bases by the chain of hashes, by terms
// and by times. Finds all that is wrong, not only the first. Blocking; one call.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "backup/archive/catalogue.h"
#include "backup/archive/report.h"
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

// Fails where the archive cannot be read at all.
[[nodiscard]] Result<ArchiveReport> VerifyArchive(const VerifyOptions& options);

// A base, held to its own checksums, to its name, and to what must hold of a state.
struct BaseFindings {
  uint64_t cluster_id = 0;
  uint64_t chain_hash = 0;
};
[[nodiscard]] Result<BaseFindings> CheckBase(const VerifyOptions& options, const BaseObject& base);

}  // namespace keel::backup
