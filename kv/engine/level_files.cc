#include "kv/engine/level_files.h"

#include <leveldb/slice.h>

#include <span>
#include <utility>

#include "kv/engine/level_repair.h"

namespace keel::kv {

namespace {

// Tables are written in runs of this size; a log is handed on record by record.
constexpr size_t kGatheredBytesMax = 64 * 1024;

thread_local std::string last_path;
thread_local uint64_t last_offset = 0;

leveldb::Status FailedRead(const Status& failure, const std::string& path, uint64_t offset) {
  return ToLevel(
      Status(failure.code(), path + ": cannot be read at offset " + std::to_string(offset) + ": " +
                                 std::string(failure.message()) + std::string(kReadAdvice)));
}

class SequentialFile final : public leveldb::SequentialFile {
 public:
  SequentialFile(std::unique_ptr<ReadableFile> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}

  leveldb::Status Read(size_t n, leveldb::Slice* result, char* scratch) override {
    const auto read = file_->ReadAt(offset_, std::span(scratch, n));
    if (!read.ok()) return FailedRead(read.status(), path_, offset_);
    offset_ += *read;
    *result = leveldb::Slice(scratch, *read);
    return leveldb::Status::OK();
  }

  leveldb::Status Skip(uint64_t n) override {
    offset_ += n;
    return leveldb::Status::OK();
  }

 private:
  const std::unique_ptr<ReadableFile> file_;
  const std::string path_;
  uint64_t offset_ = 0;
};

class RandomAccessFile final : public leveldb::RandomAccessFile {
 public:
  RandomAccessFile(std::unique_ptr<ReadableFile> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}

  leveldb::Status Read(uint64_t offset, size_t n, leveldb::Slice* result,
                       char* scratch) const override {
    // Comparing is cheaper than copying: most reads of a thread go to few tables.
    if (last_path != path_) last_path = path_;
    last_offset = offset;
    const auto read = file_->ReadAt(offset, std::span(scratch, n));
    if (!read.ok()) return FailedRead(read.status(), path_, offset);
    *result = leveldb::Slice(scratch, *read);
    return leveldb::Status::OK();
  }

 private:
  const std::unique_ptr<ReadableFile> file_;
  const std::string path_;
};

class LogFile final : public leveldb::WritableFile {
 public:
  LogFile(LevelEnv* env, std::shared_ptr<LogTail> tail) : env_(env), tail_(std::move(tail)) {}

  leveldb::Status Append(const leveldb::Slice& data) override {
    gathered_.append(data.data(), data.size());
    return leveldb::Status::OK();
  }

  // After a failed append an unknown part of the record is in the log, and what would follow it
  // could not be read back: nothing may follow.
  leveldb::Status Flush() override {
    if (gathered_.empty()) return leveldb::Status::OK();
    if (const Status failed = env_->failure(); !failed.ok()) return ToLevel(failed);
    const Status written = env_->Latch(tail_->Append(gathered_));
    if (written.ok()) env_->CountUnsynced(gathered_.size());
    gathered_.clear();
    return ToLevel(written);
  }

  leveldb::Status Sync() override {
    if (leveldb::Status flushed = Flush(); !flushed.ok()) return flushed;
    return ToLevel(env_->Latch(tail_->Sync()));
  }

  // The tail stays open for as long as it is the newest: a sync may be on its way to it.
  leveldb::Status Close() override { return Flush(); }

 private:
  LevelEnv* const env_;
  const std::shared_ptr<LogTail> tail_;
  std::string gathered_;
};

// Tables, manifests and CURRENT: LevelDB syncs each before it relies on it.
class GatheringFile final : public leveldb::WritableFile {
 public:
  GatheringFile(LevelEnv* env, std::unique_ptr<AppendableFile> file)
      : env_(env), file_(std::move(file)) {}

  leveldb::Status Append(const leveldb::Slice& data) override {
    gathered_.append(data.data(), data.size());
    return gathered_.size() < kGatheredBytesMax ? leveldb::Status::OK() : Hand();
  }

  leveldb::Status Flush() override { return leveldb::Status::OK(); }

  leveldb::Status Sync() override {
    if (leveldb::Status handed = Hand(); !handed.ok()) return handed;
    return ToLevel(env_->Latch(file_->Sync()));
  }

  leveldb::Status Close() override {
    if (leveldb::Status handed = Hand(); !handed.ok()) return handed;
    return ToLevel(file_->Close());
  }

 private:
  leveldb::Status Hand() {
    if (gathered_.empty()) return leveldb::Status::OK();
    if (const Status failed = env_->failure(); !failed.ok()) return ToLevel(failed);
    const Status written = env_->Latch(file_->Append(gathered_));
    gathered_.clear();
    return ToLevel(written);
  }

  LevelEnv* const env_;
  const std::unique_ptr<AppendableFile> file_;
  std::string gathered_;
};

}  // namespace

std::string LevelEnv::LastRead() {
  return last_path.empty() ? std::string()
                           : last_path + " at offset " + std::to_string(last_offset);
}

std::unique_ptr<leveldb::SequentialFile> NewLevelSequentialFile(std::unique_ptr<ReadableFile> file,
                                                                std::string path) {
  return std::make_unique<SequentialFile>(std::move(file), std::move(path));
}

std::unique_ptr<leveldb::RandomAccessFile> NewLevelRandomAccessFile(
    std::unique_ptr<ReadableFile> file, std::string path) {
  return std::make_unique<RandomAccessFile>(std::move(file), std::move(path));
}

std::unique_ptr<leveldb::WritableFile> NewLevelLogFile(LevelEnv* env,
                                                       std::shared_ptr<LogTail> tail) {
  return std::make_unique<LogFile>(env, std::move(tail));
}

std::unique_ptr<leveldb::WritableFile> NewLevelWritableFile(LevelEnv* env,
                                                            std::unique_ptr<AppendableFile> file) {
  return std::make_unique<GatheringFile>(env, std::move(file));
}

}  // namespace keel::kv
