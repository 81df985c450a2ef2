// Reads a stream of Maintenance.Snapshot as etcd's clients save it: a file without Keel's header.
//
// Opening reads it whole once, for its sum and for the revision that it was compacted at; reading
// does it again, chunk by chunk. One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "backup/chunk_source.h"

namespace keel::backup {

// Whether a file or a stream that begins so is a database of etcd's own (bbolt).
[[nodiscard]] bool IsBoltFile(std::string_view begin);

class StreamReader final : public ChunkSource {
 public:
  // UNIMPLEMENTED for a snapshot of etcd's own.
  [[nodiscard]] static Result<std::unique_ptr<StreamReader>> Open(const OpenOptions& options);

  Result<std::string> Next() override;
  [[nodiscard]] const FileSummary& summary() const override { return summary_; }
  [[nodiscard]] uint64_t offset() const override { return offset_; }

 private:
  explicit StreamReader(const OpenOptions& options) : path_(options.path) {}

  // Reads on, until there is a chunk; empty behind the last one.
  [[nodiscard]] Result<std::string> Read();
  Status LookThrough();
  [[nodiscard]] Status Damaged(const Status& why) const;

  const std::string path_;
  std::unique_ptr<ReadableFile> file_;
  FileSummary summary_;
  StreamSum sum_;
  ChunkSplitter splitter_;
  uint64_t offset_ = 0;
  bool ended_ = false;
};

}  // namespace keel::backup
