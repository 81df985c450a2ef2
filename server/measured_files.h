// A FileSystem that notes how long syncs take, for /metrics; all else is the one beneath.
//
// Syncs of files under `prefix` go to `syncs`. Several may stand on one another. Threads and
// ownership are those of base/file_system.h; what is borrowed outlives it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/histogram.h"

namespace keel::server {

class MeasuredFiles final : public FileSystem {
 public:
  struct Options {
    FileSystem* beneath = nullptr;
    const Clock* clock = nullptr;
    std::string prefix;
    Histogram* syncs = nullptr;
    std::atomic<uint64_t>* written_bytes = nullptr;  // may be null
  };
  explicit MeasuredFiles(Options options) : options_(std::move(options)) {}

  Result<std::unique_ptr<ReadableFile>> OpenReadable(const std::string& path,
                                                     AccessPattern pattern) override {
    return options_.beneath->OpenReadable(path, pattern);
  }
  Result<std::unique_ptr<AppendableFile>> OpenAppendable(const std::string& path,
                                                         OpenMode mode) override;
  Result<std::unique_ptr<WritableFile>> OpenWritable(const std::string& path,
                                                     OpenMode mode) override;
  Result<std::vector<std::string>> List(const std::string& directory) override {
    return options_.beneath->List(directory);
  }
  Result<bool> Exists(const std::string& path) override { return options_.beneath->Exists(path); }
  Result<uint64_t> SizeBytes(const std::string& path) override {
    return options_.beneath->SizeBytes(path);
  }
  Status CreateDirectory(const std::string& directory) override {
    return options_.beneath->CreateDirectory(directory);
  }
  Status RemoveDirectory(const std::string& directory) override {
    return options_.beneath->RemoveDirectory(directory);
  }
  Status Remove(const std::string& path) override { return options_.beneath->Remove(path); }
  Status Rename(const RenameOptions& options) override { return options_.beneath->Rename(options); }
  Status SyncDirectory(const std::string& directory) override {
    return options_.beneath->SyncDirectory(directory);
  }
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    return options_.beneath->Lock(path);
  }
  Result<DiskSpace> Space(const std::string& path) override {
    return options_.beneath->Space(path);
  }

 private:
  [[nodiscard]] bool IsMeasured(const std::string& path) const {
    return path.starts_with(options_.prefix);
  }

  const Options options_;
};

}  // namespace keel::server
