// Writes a base: the whole state of one moment, as a snapshot file in an archive.
//
// Chunk by chunk, so that whoever drives it can pace it; the object is there when Step says so.
// Holds the view until then. Blocking; one thread at a time.
#pragma once

#include <memory>
#include <string>

#include "backup/archive/catalogue.h"
#include "backup/snapshot_writer.h"
#include "base/file_system.h"
#include "kv/mvcc/read_view.h"
#include "kv/snapshot/snapshot_reader.h"

namespace keel::backup {

class BaseWriter {
 public:
  struct Options {
    FileSystem* files = nullptr;
    ArchiveStore* store = nullptr;
    std::shared_ptr<const kv::ReadView> view;
    BasePlace place;  // the view's
    uint64_t cluster_id = 0;
    uint64_t member_id = 0;
    uint64_t saved_ms = 0;
    std::string key;  // of a key file; empty: not encrypted
  };
  explicit BaseWriter(Options options);

  // Writes on. True when the base is durable and has its name. A failure is final.
  [[nodiscard]] Result<bool> Step();
  [[nodiscard]] uint64_t bytes_written() const { return bytes_written_; }
  [[nodiscard]] const BasePlace& place() const { return options_.place; }

 private:
  Options options_;
  kv::SnapshotReader reader_;
  std::unique_ptr<SnapshotWriter> writer_;
  uint64_t bytes_written_ = 0;
};

}  // namespace keel::backup
