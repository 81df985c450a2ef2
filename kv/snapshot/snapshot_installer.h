// Builds a store of its own from a snapshot's chunks, beside the one that goes on serving.
//
// Every chunk is verified before anything of it is written. Finish makes the new store durable and
// only then says that it is installed: a member must not acknowledge a snapshot that a crash could
// take back. One installation at a time; a second one begins when the first was finished or given
// up, and nothing older than what the member has applied is taken (camunda 6092). Belongs to one
// thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kv/engine/engine.h"
#include "kv/mvcc/layout.h"
#include "kv/snapshot/snapshot_format.h"

namespace keel::kv {

class SnapshotInstaller {
 public:
  struct Options {
    std::unique_ptr<Engine> engine;  // empty
    uint32_t group = 0;
    Index applied;  // of the store that is there now
    // Called by Finish when the engine's own files are durable: makes it the active store.
    std::function<Status()> activate;
  };
  explicit SnapshotInstaller(Options options);

  // Chunks in their order. A failure is final.
  Status Add(std::string_view chunk);
  // How many chunks it has: where to resume.
  [[nodiscard]] uint64_t chunk_count() const { return chunk_count_; }
  [[nodiscard]] const SnapshotHeader& header() const { return header_; }
  [[nodiscard]] bool complete() const { return ended_; }

  // The new store's engine, durable and active.
  [[nodiscard]] Result<std::unique_ptr<Engine>> Finish();

 private:
  Status AddBody(const ChunkBody& body);
  [[nodiscard]] Status CheckState();

  Options options_;
  const Layout layout_;
  SnapshotHeader header_;
  uint64_t chain_ = 0;
  uint64_t chunk_count_ = 0;
  uint64_t record_count_ = 0;
  std::string last_key_;
  bool ended_ = false;
  Status failure_;
};

// Makes the state of a backup the beginning of a new cluster: clients that saw later revisions of
// the old one must not be shown other data under the same numbers (etcd 16028).
struct RestoreOptions {
  uint32_t group = 0;
  uint64_t bump_revision = 1'000'000'000;
  bool mark_compacted = true;
  // Where the log of the new cluster goes on from. Above 0, no log reaches back to a beginning that
  // had no data, and a member that joins later is sent the state.
  Index applied;
  Term applied_term;
  // The new membership's payload, as server/ writes it; empty: none yet.
  std::string membership;
};
// Sessions, outcomes, alarms, the archive's mark and the old membership are dropped.
Status MakeRestored(Engine* engine, const RestoreOptions& options);

}  // namespace keel::kv
