// Writes a snapshot file from the stream of Maintenance.Snapshot, as it comes.
//
// The stream is verified on the way: its chunks' chain, its padding, its sum. The file has its
// name when it is complete and synced; a writer that is destroyed before leaves nothing behind
// (part_file.h). Blocking; one thread at a time, but for a second one that it starts if it
// is asked to, which compresses and writes beside the caller.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "backup/blocks.h"
#include "backup/chunk_source.h"
#include "backup/lane.h"
#include "backup/part_file.h"
#include "backup/snapshot_format.h"
#include "base/file_system.h"
#include "base/result.h"
#include "kv/snapshot/snapshot_format.h"

namespace keel::backup {

class SnapshotWriter {
 public:
  struct Options {
    FileSystem* files = nullptr;
    std::string path;
    uint64_t cluster_id = 0;
    uint64_t member_id = 0;
    uint64_t saved_ms = 0;
    std::string key;  // of a key file; empty: not encrypted
    // Compresses and writes on a thread of its own.
    bool has_thread = false;
  };
  [[nodiscard]] static Result<std::unique_ptr<SnapshotWriter>> Create(Options options);
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;

  // A piece of the stream, however it is cut. A failure is final.
  Status Add(std::string_view bytes);
  // The stream has ended: the file is complete, durable, and has its name; or it is gone.
  Status Finish();

  // For who has the chunks themselves instead of a stream of them: chunk by chunk, then the end.
  Status AddChunk(std::string_view chunk);
  Status Complete();

  [[nodiscard]] const FileHeader& header() const { return header_; }
  [[nodiscard]] const FileTrailer& trailer() const { return trailer_; }

 private:
  explicit SnapshotWriter(Options options) : options_(std::move(options)) {}

  Status Begin(const kv::SnapshotHeader& header);
  // At most a block of bytes, sealed and written now or by the thread.
  Status PassOn(std::string raw);
  Status WriteBlock(std::string_view raw);
  Status Write(std::string_view bytes);

  const Options options_;
  std::unique_ptr<PartFile> file_;
  StreamSum stream_sum_;
  ChunkSplitter splitter_;
  uint64_t stream_chain_ = 0;
  bool ended_ = false;
  FileHeader header_;
  FileTrailer trailer_;
  std::unique_ptr<BlockSealer> sealer_;
  std::string raw_;
  Sha256 sum_;
  // While it is busy, what WriteBlock and Write touch is its.
  std::unique_ptr<Lane> lane_;
};

}  // namespace keel::backup
