// Whether a sequence of chunks is a whole and consistent state.
//
// Holds the chunks to their chain, their order and their count, and the records to StateCheck. What
// passes here opens as a store. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "backup/chunk_source.h"
#include "backup/state_check.h"
#include "base/result.h"
#include "kv/snapshot/snapshot_format.h"

namespace keel::backup {

// What was found, when all was well.
struct SnapshotFindings {
  kv::SnapshotHeader header;
  kv::StoreState state;
  uint64_t records = 0;
  uint64_t versions = 0;
  uint64_t leases = 0;
};

class SnapshotCheck {
 public:
  explicit SnapshotCheck(Revision compacted) : state_(compacted) {}

  Status Add(std::string_view chunk);
  // When all chunks have come.
  [[nodiscard]] Result<SnapshotFindings> Finish() const;

 private:
  StateCheck state_;
  kv::SnapshotHeader header_;
  uint64_t chain_ = 0;
  uint64_t chunks_ = 0;
  uint64_t records_ = 0;
  std::string last_key_;
  bool ended_ = false;
};

// Reads a source to its end, and hands each chunk that passed to `visit`, which may be empty.
using ChunkVisitor = std::function<Status(const std::string& chunk)>;
[[nodiscard]] Result<SnapshotFindings> CheckSnapshot(ChunkSource* source,
                                                     const ChunkVisitor& visit);

}  // namespace keel::backup
