// Reads of a member's start: one that fails ends the start, and says which file could not be read,
// where, and what to do about it. A log that can be read in part only is never gone on with.
//
// Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "base/status.h"

namespace keel::wal {

[[nodiscard]] Status ExplainFailedRead(const Status& failure, const std::string& path,
                                       uint64_t offset);

// Opens a file whose failed reads are explained so.
[[nodiscard]] Result<std::unique_ptr<ReadableFile>> OpenForStart(FileSystem* files,
                                                                 const std::string& path,
                                                                 AccessPattern pattern);

}  // namespace keel::wal
