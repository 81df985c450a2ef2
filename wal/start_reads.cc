#include "wal/start_reads.h"

#include <utility>

namespace keel::wal {

namespace {

class ExplainingFile final : public ReadableFile {
 public:
  ExplainingFile(std::unique_ptr<ReadableFile> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}

  Result<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override {
    Result<size_t> count = file_->ReadAt(offset, buffer);
    if (!count.ok()) return ExplainFailedRead(count.status(), path_, offset);
    return count;
  }
  Result<uint64_t> SizeBytes() const override { return file_->SizeBytes(); }

 private:
  const std::unique_ptr<ReadableFile> file_;
  const std::string path_;
};

}  // namespace

Status ExplainFailedRead(const Status& failure, const std::string& path, uint64_t offset) {
  return {failure.code(), path + ": cannot be read at offset " + std::to_string(offset) + ": " +
                              std::string(failure.message()) +
                              ". Nothing was changed. If the disk is failing, replace this member: "
                              "`keelctl member replace`; else start it again"};
}

Result<std::unique_ptr<ReadableFile>> OpenForStart(FileSystem* files, const std::string& path,
                                                   AccessPattern pattern) {
  KEEL_ASSIGN_OR_RETURN(auto file, files->OpenReadable(path, pattern));
  return std::unique_ptr<ReadableFile>(new ExplainingFile(std::move(file), path));
}

}  // namespace keel::wal
