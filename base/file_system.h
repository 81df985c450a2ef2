// The seam to the disk: every byte that Keel keeps goes through a FileSystem.
//
// Production has POSIX; simulation has a disk that loses what was not synced, tears writes, stalls,
// fills up and rots; LevelDB's environment is built on the same seam. All calls block, so they
// belong to the log writer, to the apply role or to the pool, never to the node or I/O role. All
// errors come back as Status, with the path in the message: NOT_FOUND, ALREADY_EXISTS,
// PERMISSION_DENIED, RESOURCE_EXHAUSTED (disk full, quota, too many open files), DATA_LOSS (the
// device failed).
//
// Ownership. The FileSystem outlives its files. Who opens a file owns it; destroying one closes it
// without syncing and without a word, so a writer that cares calls Close and looks at the answer.
//
// Threads. A FileSystem and a ReadableFile may be used from many threads at once. An AppendableFile
// and a WritableFile have one writer at a time, but Sync may run on another thread beside it.
//
// Durability: what survives a crash of the machine.
// - Bytes: those whose write had returned before a Sync began that then returned OK, and no others
//   for sure. Unsynced bytes may survive wholly, in part, out of order, or not at all.
// - A file's size, its preallocation and its truncation: by the same Sync.
// - A name (created, renamed, removed): by a SyncDirectory of its directory, after. The two are
//   independent: a synced file whose name was not may be gone, and a renamed one that was not
//   synced may be empty. So to replace a file: write it under another name, Sync it, Rename,
//   SyncDirectory.
// - Rename is atomic: after a crash the name shows the old file or the new one, whole.
// - A Sync or SyncDirectory that failed is final. What it covered is in an unknown state, and a
//   retry that succeeds proves nothing, since the system may have dropped the failed pages: the
//   caller gives the file up, and the node stops.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/status.h"

namespace keel {

// Reads by position. Never mapped into memory: a failing disk is a Status, not a signal.
class ReadableFile {
 public:
  ReadableFile() = default;
  ReadableFile(const ReadableFile&) = delete;
  ReadableFile& operator=(const ReadableFile&) = delete;
  virtual ~ReadableFile() = default;

  // Fills `buffer` from `offset` on and returns how much was read: less than asked for only at the
  // end of the file, and zero past it.
  virtual Result<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const = 0;
  virtual Result<uint64_t> SizeBytes() const = 0;
};

// Grows at its end, for logs whose length is their content (LevelDB's).
class AppendableFile {
 public:
  AppendableFile() = default;
  AppendableFile(const AppendableFile&) = delete;
  AppendableFile& operator=(const AppendableFile&) = delete;
  virtual ~AppendableFile() = default;

  // Hands the bytes to the system, unbuffered: a crash of the process alone does not lose them.
  // After a failure an unknown part of `bytes` is in the file.
  virtual Status Append(std::string_view bytes) = 0;
  // Makes durable all that was appended before the call began.
  virtual Status Sync() = 0;
  // Nothing may be called after it but the destructor. Does not sync.
  virtual Status Close() = 0;
};

// What a system keeps of files in its cache, it keeps in units of so much: a write that covers one
// in part has the rest of it read first.
inline constexpr uint64_t kFilePageBytes = 4096;

// Reads and writes at any place, for preallocated and recycled segments and for the vote file.
class WritableFile : public ReadableFile {
 public:
  // Writes the pieces one after the other from `offset` on, in one system call where that can be,
  // and grows the file if they reach past its end. After a failure the range is in an unknown
  // state.
  virtual Status WriteAt(uint64_t offset, std::span<const std::string_view> pieces) = 0;
  // As WriteAt, with zeros, and past the system's cache where that can be: for room that is made
  // ready long before its use. Both numbers are multiples of kFilePageBytes.
  virtual Status WriteZeros(uint64_t offset, uint64_t size_bytes) = 0;
  // Sees to it that the first `size_bytes` bytes have room on the disk, and that the file is at
  // least that long; new bytes read as zero, and no byte changes. RESOURCE_EXHAUSTED leaves the
  // size as it was.
  virtual Status Preallocate(uint64_t size_bytes) = 0;
  // Cuts the file or grows it with zeros.
  virtual Status Truncate(uint64_t size_bytes) = 0;
  // Makes durable all that was written before the call began, and what is needed to read it.
  virtual Status Sync() = 0;
  // Nothing may be called after it but the destructor. Does not sync.
  virtual Status Close() = 0;
};

// Held for as long as it lives; the system lets go of it when the process dies.
class FileLock {
 public:
  FileLock() = default;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  virtual ~FileLock() = default;
};

// kMixed: at random, and now and then all of it in order.
enum class AccessPattern : uint8_t { kRandom, kSequential, kMixed };

enum class OpenMode : uint8_t {
  kExisting,       // NOT_FOUND if there is none
  kCreateNew,      // ALREADY_EXISTS if there is one
  kCreateOrKeep,   // whichever it takes, content kept
  kCreateOrEmpty,  // whichever it takes, content dropped
};

struct DiskSpace {
  // What this process may still use, without the system's reserve.
  uint64_t available_bytes = 0;
  uint64_t total_bytes = 0;
};

class FileSystem {
 public:
  FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;
  virtual ~FileSystem() = default;

  // The pattern is advice on reading ahead, nothing more.
  virtual Result<std::unique_ptr<ReadableFile>> OpenReadable(const std::string& path,
                                                             AccessPattern pattern) = 0;
  // Starts at the end of what the file holds.
  virtual Result<std::unique_ptr<AppendableFile>> OpenAppendable(const std::string& path,
                                                                 OpenMode mode) = 0;
  virtual Result<std::unique_ptr<WritableFile>> OpenWritable(const std::string& path,
                                                             OpenMode mode) = 0;

  // The names in a directory without "." and "..", sorted.
  virtual Result<std::vector<std::string>> List(const std::string& directory) = 0;
  virtual Result<bool> Exists(const std::string& path) = 0;
  virtual Result<uint64_t> SizeBytes(const std::string& path) = 0;

  // Makes one directory; its parent must exist. ALREADY_EXISTS if it is there.
  virtual Status CreateDirectory(const std::string& directory) = 0;
  // Only an empty one.
  virtual Status RemoveDirectory(const std::string& directory) = 0;
  virtual Status Remove(const std::string& path) = 0;

  struct RenameOptions {
    std::string from;
    std::string to;
  };
  // Replaces a file that is at `to`.
  virtual Status Rename(const RenameOptions& options) = 0;

  // Makes the names in `directory` durable, as they were before the call began.
  virtual Status SyncDirectory(const std::string& directory) = 0;

  // At most one holder on the machine, this process included; creates the file when it is missing.
  // UNAVAILABLE if another holds it; never waits.
  virtual Result<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;

  // Of the file system that holds `path`.
  virtual Result<DiskSpace> Space(const std::string& path) = 0;
};

}  // namespace keel
