#include "server/measured_files.h"

#include <functional>

namespace keel::server {

namespace {

struct Gauge {
  const Clock* clock;
  Histogram* syncs;
  std::atomic<uint64_t>* written_bytes;

  void Count(std::span<const std::string_view> pieces) const {
    if (written_bytes == nullptr) return;
    uint64_t sum = 0;
    for (const std::string_view piece : pieces) sum += piece.size();
    written_bytes->fetch_add(sum, std::memory_order_relaxed);
  }

  Status Measure(const std::function<Status()>& sync) const {
    const uint64_t began_us = clock->MonotonicUs();
    Status status = sync();
    syncs->Add(clock->MonotonicUs() - began_us);
    return status;
  }
};

class MeasuredAppendable final : public AppendableFile {
 public:
  MeasuredAppendable(std::unique_ptr<AppendableFile> file, Gauge gauge)
      : file_(std::move(file)), gauge_(gauge) {}
  Status Append(std::string_view bytes) override {
    gauge_.Count({&bytes, 1});
    return file_->Append(bytes);
  }
  Status Sync() override {
    return gauge_.Measure([this] { return file_->Sync(); });
  }
  Status Close() override { return file_->Close(); }

 private:
  const std::unique_ptr<AppendableFile> file_;
  const Gauge gauge_;
};

class MeasuredWritable final : public WritableFile {
 public:
  MeasuredWritable(std::unique_ptr<WritableFile> file, Gauge gauge)
      : file_(std::move(file)), gauge_(gauge) {}
  Result<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override {
    return file_->ReadAt(offset, buffer);
  }
  Result<uint64_t> SizeBytes() const override { return file_->SizeBytes(); }
  Status WriteAt(uint64_t offset, std::span<const std::string_view> pieces) override {
    gauge_.Count(pieces);
    return file_->WriteAt(offset, pieces);
  }
  Status WriteZeros(uint64_t offset, uint64_t size_bytes) override {
    return file_->WriteZeros(offset, size_bytes);
  }
  Status Preallocate(uint64_t size_bytes) override { return file_->Preallocate(size_bytes); }
  Status Truncate(uint64_t size_bytes) override { return file_->Truncate(size_bytes); }
  Status Sync() override {
    return gauge_.Measure([this] { return file_->Sync(); });
  }
  Status Close() override { return file_->Close(); }

 private:
  const std::unique_ptr<WritableFile> file_;
  const Gauge gauge_;
};

}  // namespace

Result<std::unique_ptr<AppendableFile>> MeasuredFiles::OpenAppendable(const std::string& path,
                                                                      OpenMode mode) {
  Result<std::unique_ptr<AppendableFile>> file = options_.beneath->OpenAppendable(path, mode);
  if (!file.ok() || !IsMeasured(path)) return file;
  return std::unique_ptr<AppendableFile>(std::make_unique<MeasuredAppendable>(
      std::move(*file), Gauge{options_.clock, options_.syncs, options_.written_bytes}));
}

Result<std::unique_ptr<WritableFile>> MeasuredFiles::OpenWritable(const std::string& path,
                                                                  OpenMode mode) {
  Result<std::unique_ptr<WritableFile>> file = options_.beneath->OpenWritable(path, mode);
  if (!file.ok() || !IsMeasured(path)) return file;
  return std::unique_ptr<WritableFile>(std::make_unique<MeasuredWritable>(
      std::move(*file), Gauge{options_.clock, options_.syncs, options_.written_bytes}));
}

}  // namespace keel::server
