// The files that LevelEnv hands to LevelDB, each over one of the FileSystem's.
//
// Writers gather what LevelDB appends in small pieces and hand it on at its Flush; a failed one
// latches its failure in the Env. Each belongs to LevelDB's thread of the moment; random access
// files may be read from many.
#pragma once

#include <leveldb/env.h>

#include <memory>
#include <string>

#include "base/file_system.h"
#include "kv/engine/level_env.h"

namespace keel::kv {

[[nodiscard]] std::unique_ptr<leveldb::SequentialFile> NewLevelSequentialFile(
    std::unique_ptr<ReadableFile> file, std::string path);
[[nodiscard]] std::unique_ptr<leveldb::RandomAccessFile> NewLevelRandomAccessFile(
    std::unique_ptr<ReadableFile> file, std::string path);
[[nodiscard]] std::unique_ptr<leveldb::WritableFile> NewLevelLogFile(LevelEnv* env,
                                                                     std::shared_ptr<LogTail> tail);
[[nodiscard]] std::unique_ptr<leveldb::WritableFile> NewLevelWritableFile(
    LevelEnv* env, std::unique_ptr<AppendableFile> file);

}  // namespace keel::kv
