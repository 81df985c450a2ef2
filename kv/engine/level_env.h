// LevelDB's view of the disk: its Env, built on the FileSystem seam, with the safety that LevelDB
// leaves to its environment.
//
// - A new log is made only when the one before it is durable, and its failure is reported: LevelDB
//   syncs a write's own log alone (google/leveldb 193).
// - Every created or renamed name is followed by a sync of its directory, CURRENT first of all
//   (google/leveldb 195).
// - Reads are by position, never mapped: a bad sector is a Status and not a SIGBUS.
// - A failed write or sync is final: it is latched, and everything after it fails the same way.
//
// Background jobs of LevelDB (one at a time, scheduled under its mutex) go to a BackgroundJobs,
// which runs them on a thread of its own or, in simulation, when it is told to. Any thread. It
// outlives the database that uses it; the FileSystem outlives both.
#pragma once

#include <leveldb/env.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "kv/engine/background_jobs.h"

namespace keel::kv {

// The newest log of a database: LevelDB appends to it, and SyncLog makes it durable beside that.
class LogTail {
 public:
  explicit LogTail(std::unique_ptr<AppendableFile> file) : file_(std::move(file)) {}

  Status Append(std::string_view bytes) {
    *size_bytes_ += bytes.size();
    return file_->Append(bytes);
  }
  Status Sync() { return file_->Sync(); }
  // Its length, which may be asked for after its end.
  using Size = std::shared_ptr<const std::atomic<uint64_t>>;
  [[nodiscard]] Size size_bytes() const { return size_bytes_; }

 private:
  std::unique_ptr<AppendableFile> file_;
  const std::shared_ptr<std::atomic<uint64_t>> size_bytes_ =
      std::make_shared<std::atomic<uint64_t>>(0);
};

class LevelEnv final : public leveldb::Env {
 public:
  struct Options {
    FileSystem* files = nullptr;
    BackgroundJobs* jobs = nullptr;
    const Clock* clock = nullptr;  // null: LevelDB's statistics of time are left empty
  };
  explicit LevelEnv(const Options& options) : options_(options) {}

  // Makes durable what was appended to the newest log before the call.
  Status SyncLog();

  // The first failed write or sync, or OK.
  [[nodiscard]] Status failure() const;
  Status Latch(const Status& status);

  // Bytes handed to the newest logs since the last SyncLog began.
  [[nodiscard]] uint64_t unsynced_bytes() const { return unsynced_bytes_.load(); }
  void CountUnsynced(size_t bytes) { unsynced_bytes_ += bytes; }

  // Length of all logs that are there: what they hold is in no table yet.
  [[nodiscard]] uint64_t log_bytes() const;

  // Where this thread last read a table: LevelDB's complaints name neither file nor offset.
  [[nodiscard]] static std::string LastRead();

  // ---- leveldb::Env ----
  leveldb::Status NewSequentialFile(const std::string& path,
                                    leveldb::SequentialFile** result) override;
  leveldb::Status NewRandomAccessFile(const std::string& path,
                                      leveldb::RandomAccessFile** result) override;
  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** result) override;
  bool FileExists(const std::string& path) override;
  leveldb::Status GetChildren(const std::string& directory,
                              std::vector<std::string>* names) override;
  leveldb::Status RemoveFile(const std::string& path) override;
  leveldb::Status CreateDir(const std::string& directory) override;
  leveldb::Status RemoveDir(const std::string& directory) override;
  leveldb::Status GetFileSize(const std::string& path, uint64_t* size_bytes) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status LockFile(const std::string& path, leveldb::FileLock** lock) override;
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override;
  void Schedule(void (*function)(void*), void* argument) override;
  void StartThread(void (*function)(void*), void* argument) override;
  leveldb::Status GetTestDirectory(std::string* path) override;
  leveldb::Status NewLogger(const std::string& path, leveldb::Logger** logger) override;
  uint64_t NowMicros() override;
  void SleepForMicroseconds(int micros) override;

 private:
  leveldb::Status NewLog(const std::string& path, leveldb::WritableFile** result);

  const Options options_;
  mutable std::mutex mutex_;
  std::shared_ptr<LogTail> log_;               // under mutex_
  std::map<std::string, LogTail::Size> logs_;  // by path; under mutex_
  Status failure_;                             // under mutex_
  std::atomic<uint64_t> unsynced_bytes_ = 0;
};

// How failures cross the border; the code survives only as far as LevelDB has one for it.
[[nodiscard]] leveldb::Status ToLevel(const Status& status);

}  // namespace keel::kv
