// Where the chunks of a snapshot come from: a file of Keel's, or a stream as etcd's clients save
// it.
//
// What comes out is verified as far as the file's own checksums go; whether the chunks make up a
// whole state is SnapshotCheck's to say (backup/snapshot_check.h). One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/ids.h"
#include "base/result.h"

namespace keel::backup {

// What a file says of itself, before its records are looked at.
struct FileSummary {
  bool is_stream = false;  // etcdctl's: without what follows
  bool is_encrypted = false;
  uint64_t cluster_id = 0;
  uint64_t member_id = 0;
  uint64_t saved_ms = 0;
  uint64_t versions = 0;
  uint64_t file_bytes = 0;
  uint64_t raw_bytes = 0;
  Revision compacted;
  std::string sum;  // SHA-256: of the file before its trailer, or of the stream
};

class ChunkSource {
 public:
  ChunkSource() = default;
  ChunkSource(const ChunkSource&) = delete;
  ChunkSource& operator=(const ChunkSource&) = delete;
  virtual ~ChunkSource() = default;

  // The next chunk; empty when all have come and the file's totals and its sum were right.
  [[nodiscard]] virtual Result<std::string> Next() = 0;
  [[nodiscard]] virtual const FileSummary& summary() const = 0;
  // How much of the file has been read.
  [[nodiscard]] virtual uint64_t offset() const = 0;
};

struct OpenOptions {
  FileSystem* files = nullptr;
  std::string path;
  std::string key;  // of the key file; empty: none was given
};
// Finds out which kind of file it is. Failures name the path and say what to do.
[[nodiscard]] Result<std::unique_ptr<ChunkSource>> OpenSnapshotFile(const OpenOptions& options);

// Cuts a stream of chunks at their ends, however it comes in pieces.
class ChunkSplitter {
 public:
  void Add(std::string_view bytes) { pending_.append(bytes); }
  // The next whole chunk; empty when more bytes are needed. DATA_LOSS for an absurd length.
  [[nodiscard]] Result<std::string> Next();
  // What was added and is no whole chunk yet.
  [[nodiscard]] std::string_view rest() const { return std::string_view(pending_).substr(taken_); }

 private:
  std::string pending_;
  size_t taken_ = 0;
};

// The stream of Maintenance.Snapshot: chunks, zeros up to a multiple of 512, and the SHA-256 of all
// that in 32 bytes.
class StreamSum {
 public:
  StreamSum();
  // Takes bytes as they come and gives those that cannot be part of the sum any more.
  [[nodiscard]] std::string Add(std::string_view bytes);
  // After the last Add: DATA_LOSS unless the sum fits.
  Status Check();
  [[nodiscard]] uint64_t size_bytes() const { return size_bytes_; }
  // The last 32 bytes.
  [[nodiscard]] const std::string& sum() const { return tail_; }

 private:
  struct State;
  struct Free {
    void operator()(State* state) const;
  };
  std::unique_ptr<State, Free> state_;
  std::string tail_;
  uint64_t size_bytes_ = 0;
};

}  // namespace keel::backup
