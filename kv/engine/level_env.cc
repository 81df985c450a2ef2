#include "kv/engine/level_env.h"

#include <leveldb/slice.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "base/mutant.h"
#include "base/path.h"
#include "kv/engine/level_files.h"

namespace keel::kv {

namespace {

class HeldLock final : public leveldb::FileLock {
 public:
  explicit HeldLock(std::unique_ptr<keel::FileLock> lock) : lock_(std::move(lock)) {}

 private:
  std::unique_ptr<keel::FileLock> lock_;
};

class SilentLogger final : public leveldb::Logger {
 public:
  void Logv(const char* /*format*/, std::va_list /*ap*/) override {}
};

bool EndsWith(const std::string& path, std::string_view end) {
  return path.size() >= end.size() && path.compare(path.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

leveldb::Status ToLevel(const Status& status) {
  if (status.ok()) return leveldb::Status::OK();
  const std::string text = status.ToString();
  if (status.code() == Code::kNotFound) return leveldb::Status::NotFound(text);
  return leveldb::Status::IOError(text);
}

Status LevelEnv::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

Status LevelEnv::Latch(const Status& status) {
  const std::lock_guard lock(mutex_);
  if (failure_.ok()) failure_ = status;
  return status;
}

Status LevelEnv::SyncLog() {
  std::shared_ptr<LogTail> log;
  {
    const std::lock_guard lock(mutex_);
    if (!failure_.ok()) return failure_;
    log = log_;
  }
  unsynced_bytes_ = 0;
  return log == nullptr ? Status::Ok() : Latch(log->Sync());
}

uint64_t LevelEnv::log_bytes() const {
  const std::lock_guard lock(mutex_);
  uint64_t size_bytes = 0;
  for (const auto& [path, log_size_bytes] : logs_) size_bytes += *log_size_bytes;
  return size_bytes;
}

leveldb::Status LevelEnv::NewSequentialFile(const std::string& path,
                                            leveldb::SequentialFile** result) {
  auto file = options_.files->OpenReadable(path, AccessPattern::kSequential);
  if (!file.ok()) return ToLevel(file.status());
  *result = NewLevelSequentialFile(std::move(file).value(), path).release();
  return leveldb::Status::OK();
}

leveldb::Status LevelEnv::NewRandomAccessFile(const std::string& path,
                                              leveldb::RandomAccessFile** result) {
  auto file = options_.files->OpenReadable(path, AccessPattern::kMixed);
  if (!file.ok()) return ToLevel(file.status());
  *result = NewLevelRandomAccessFile(std::move(file).value(), path).release();
  return leveldb::Status::OK();
}

leveldb::Status LevelEnv::NewLog(const std::string& path, leveldb::WritableFile** result) {
  if (!KEEL_MUTANT(kRotatesUnsynced46)) {
    if (Status synced = SyncLog(); !synced.ok()) return ToLevel(synced);
  }
  auto file = options_.files->OpenAppendable(path, OpenMode::kCreateOrEmpty);
  if (!file.ok()) return ToLevel(Latch(file.status()));
  const Status named = Latch(options_.files->SyncDirectory(DirectoryOf(path)));
  if (!named.ok()) return ToLevel(named);
  auto tail = std::make_shared<LogTail>(std::move(file).value());
  *result = NewLevelLogFile(this, tail).release();
  const std::lock_guard lock(mutex_);
  logs_[path] = tail->size_bytes();
  log_ = std::move(tail);
  return leveldb::Status::OK();
}

leveldb::Status LevelEnv::NewWritableFile(const std::string& path, leveldb::WritableFile** result) {
  if (const Status failed = failure(); !failed.ok()) return ToLevel(failed);
  if (EndsWith(path, ".log")) return NewLog(path, result);
  auto file = options_.files->OpenAppendable(path, OpenMode::kCreateOrEmpty);
  if (!file.ok()) return ToLevel(file.status());
  const Status named = Latch(options_.files->SyncDirectory(DirectoryOf(path)));
  if (!named.ok()) return ToLevel(named);
  *result = NewLevelWritableFile(this, std::move(file).value()).release();
  return leveldb::Status::OK();
}

bool LevelEnv::FileExists(const std::string& path) {
  const auto exists = options_.files->Exists(path);
  // An unreadable directory must not look like an empty one: LevelDB would start a new database.
  return !exists.ok() || *exists;
}

leveldb::Status LevelEnv::GetChildren(const std::string& directory,
                                      std::vector<std::string>* names) {
  names->clear();
  auto listed = options_.files->List(directory);
  if (!listed.ok()) return ToLevel(listed.status());
  *names = std::move(listed).value();
  return leveldb::Status::OK();
}

leveldb::Status LevelEnv::RemoveFile(const std::string& path) {
  const Status removed = options_.files->Remove(path);
  if (removed.ok()) {
    const std::lock_guard lock(mutex_);
    logs_.erase(path);
  }
  return ToLevel(removed);
}

leveldb::Status LevelEnv::CreateDir(const std::string& directory) {
  return ToLevel(options_.files->CreateDirectory(directory));
}

leveldb::Status LevelEnv::RemoveDir(const std::string& directory) {
  return ToLevel(options_.files->RemoveDirectory(directory));
}

leveldb::Status LevelEnv::GetFileSize(const std::string& path, uint64_t* size_bytes) {
  *size_bytes = 0;
  const auto size = options_.files->SizeBytes(path);
  if (!size.ok()) return ToLevel(size.status());
  *size_bytes = *size;
  return leveldb::Status::OK();
}

leveldb::Status LevelEnv::RenameFile(const std::string& from, const std::string& to) {
  if (const Status failed = failure(); !failed.ok()) return ToLevel(failed);
  const Status renamed = options_.files->Rename({.from = from, .to = to});
  if (!renamed.ok()) return ToLevel(Latch(renamed));
  if (KEEL_MUTANT(kCurrentUnsynced46)) return leveldb::Status::OK();
  return ToLevel(Latch(options_.files->SyncDirectory(DirectoryOf(to))));
}

leveldb::Status LevelEnv::LockFile(const std::string& path, leveldb::FileLock** lock) {
  *lock = nullptr;
  auto held = options_.files->Lock(path);
  if (!held.ok()) return ToLevel(held.status());
  *lock = std::make_unique<HeldLock>(std::move(held).value()).release();
  return leveldb::Status::OK();
}

leveldb::Status LevelEnv::UnlockFile(leveldb::FileLock* lock) {
  const std::unique_ptr<leveldb::FileLock> owned(lock);
  return leveldb::Status::OK();
}

void LevelEnv::Schedule(void (*function)(void*), void* argument) {
  options_.jobs->Add([function, argument] { function(argument); });
}

void LevelEnv::StartThread(void (*function)(void*), void* argument) {
  options_.jobs->Add([function, argument] { function(argument); });
}

leveldb::Status LevelEnv::GetTestDirectory(std::string* /*path*/) {
  return leveldb::Status::NotSupported("tests of LevelDB itself do not run here");
}

leveldb::Status LevelEnv::NewLogger(const std::string& /*path*/, leveldb::Logger** logger) {
  *logger = std::make_unique<SilentLogger>().release();
  return leveldb::Status::OK();
}

uint64_t LevelEnv::NowMicros() {
  return options_.clock == nullptr ? 0 : options_.clock->MonotonicUs();
}

void LevelEnv::SleepForMicroseconds(int micros) {
  // LevelDB slows a writer down for its compactions to catch up.
  if (options_.jobs->may_sleep()) std::this_thread::sleep_for(std::chrono::microseconds(micros));
}

}  // namespace keel::kv
