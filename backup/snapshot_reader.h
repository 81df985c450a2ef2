// Reads a snapshot file of Keel's own format, block by block, and verifies every byte of it.
//
// Opening reads the header and the trailer; the totals and the sum over the whole file are compared
// when the last block has been read. Every failure names the file, the offset and what to do. One
// thread at a time.
#pragma once

#include <memory>
#include <string>

#include "backup/blocks.h"
#include "backup/chunk_source.h"
#include "backup/snapshot_format.h"

namespace keel::backup {

class SnapshotReader final : public ChunkSource {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SnapshotReader>> Open(const OpenOptions& options);

  Result<std::string> Next() override;
  [[nodiscard]] const FileSummary& summary() const override { return summary_; }
  [[nodiscard]] uint64_t offset() const override { return offset_; }

  [[nodiscard]] const FileHeader& header() const { return header_; }
  [[nodiscard]] const FileTrailer& trailer() const { return trailer_; }

 private:
  explicit SnapshotReader(const OpenOptions& options) : path_(options.path) {}

  Status OpenFile(const OpenOptions& options);
  [[nodiscard]] Result<std::unique_ptr<Cipher>> CipherFor(const OpenOptions& options) const;
  [[nodiscard]] Result<std::string> Read(uint64_t offset, size_t size) const;
  Status ReadBlock();
  Status CheckTotals();
  [[nodiscard]] Status Damaged(const Status& why) const;

  const std::string path_;
  std::unique_ptr<ReadableFile> file_;
  FileHeader header_;
  FileTrailer trailer_;
  FileSummary summary_;
  std::unique_ptr<BlockOpener> opener_;
  ChunkSplitter splitter_;
  Sha256 sum_;
  uint64_t offset_ = 0;
  uint64_t blocks_end_ = 0;
  uint64_t raw_bytes_ = 0;
  bool ended_ = false;
};

}  // namespace keel::backup
