// A snapshot on its way into a file: Keel's into a file of Keel's, etcd's as it comes.
//
// Which of them it is, and whether it comes in chunks or as the stream that etcd's clients save, is
// seen by its first message. The file has its name when all of it is there, verified and synced;
// what is destroyed before leaves nothing behind. Blocking; one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "api/etcdserverpb/maintenance.pb.h"
#include "backup/chunk_source.h"
#include "backup/part_file.h"
#include "backup/snapshot_writer.h"
#include "base/clock.h"
#include "base/fs/posix_file_system.h"

namespace keel::ctl {

class Saving {
 public:
  struct Options {
    std::string path;
    std::string key;  // of a key file; empty: not encrypted
    const Clock* clock = nullptr;
  };
  explicit Saving(Options options);
  Saving(const Saving&) = delete;
  Saving& operator=(const Saving&) = delete;

  // Makes the file, so that a path that cannot be written to is found before anybody is asked.
  Status Begin();
  // The messages in their order. A failure is final.
  Status Add(const etcdserverpb::SnapshotResponse& answer);
  // All have come.
  Status Finish();
  [[nodiscard]] uint64_t size_bytes() const { return size_bytes_; }

 private:
  enum class Form : uint8_t { kUnknown, kChunks, kStream, kEtcd };

  [[nodiscard]] backup::SnapshotWriter::Options OptionsFor(
      const etcdserverpb::ResponseHeader& header);
  Status Choose(const etcdserverpb::SnapshotResponse& first);

  const Options options_;
  PosixFileSystem files_;
  Form form_ = Form::kUnknown;
  uint64_t size_bytes_ = 0;
  std::unique_ptr<backup::SnapshotWriter> writer_;
  std::unique_ptr<backup::PartFile> raw_;
  backup::StreamSum sum_;
};

}  // namespace keel::ctl
