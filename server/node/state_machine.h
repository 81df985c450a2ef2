// The apply role of a node: carries committed entries into the store, and tells what came of those
// that this node was asked for.
//
// It owns the engine, the store and the watch hub, and replaces the first two when a snapshot is
// installed; views that are held go on reading the state that they were made of. What has queued
// while the last batch was applied becomes the next one. A Status is final: the member stops.
//
// Threads: the constructor and everything not marked otherwise belong to the apply role, or to the
// opening before it runs. view() and hub() may be used from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "kv/lease/lease_clock.h"
#include "kv/mvcc/store.h"
#include "kv/watch/watch_hub.h"
#include "raft/io.h"
#include "server/node/envelope.h"
#include "server/node/membership.h"
#include "server/node/outcome.h"

namespace keel::node {

// What one run of entries came to.
struct AppliedBatch {
  struct Own {
    uint64_t sequence = 0;
    Applied applied;
  };
  std::vector<Own> own;  // of this node's present start, in order
  Index through;
  Term term;  // of the last one
  bool members_changed = false;
  uint64_t took_ms = 0;
  std::vector<kv::ChainHash> chain;  // of the indexes in it where every member notes its hash
};

class StateMachine {
 public:
  struct Options {
    NodeId self;
    raft::BootId boot;
    size_t watch_ring_bytes_max = size_t{16} << 20;
    kv::SessionLimits sessions;
    // Each change of a lease, as it is applied: null when it is gone.
    std::function<void(kv::LeaseId, const kv::Lease*)> on_lease;
  };
  [[nodiscard]] static Result<std::unique_ptr<StateMachine>> Open(
      Options options, std::unique_ptr<kv::Engine> engine);

  // Entries that follow on the applied one without a gap.
  [[nodiscard]] Result<AppliedBatch> Apply(std::span<const raft::Entry> entries);
  // The state of a snapshot takes the place of the one that is there.
  Status Install(std::unique_ptr<kv::Engine> engine);
  // Any thread. A view keeps its engine.
  [[nodiscard]] std::shared_ptr<const kv::ReadView> view() const;
  [[nodiscard]] kv::WatchHub& hub() { return *hub_; }
  // Any thread: how far the state survives a crash.
  [[nodiscard]] Index durable() const;
  // Any thread, one at a time: frees a bounded piece of what is compacted away; true when nothing
  // is left to free up to `target`. Blocks.
  [[nodiscard]] Result<bool> Compact(Revision target, size_t records_max);
  // Any thread: how far the archive holds the log.
  [[nodiscard]] Index archived() const { return Index(archived_.load(std::memory_order_relaxed)); }
  // Any thread: the room that the state takes, roughly.
  [[nodiscard]] uint64_t SizeBytes() const;
  // Any thread: makes everything durable that was applied; blocks.
  Status Sync();

  [[nodiscard]] const kv::Store& store() const { return *store_; }
  // Any thread reads them.
  [[nodiscard]] const kv::OperationCounts& counts() const { return counts_; }
  [[nodiscard]] kv::OperationCounts& counts() { return counts_; }
  // What the last membership entry said; empty before the first.
  [[nodiscard]] const std::string& membership() const { return store_->membership(); }

 private:
  explicit StateMachine(Options options) : options_(std::move(options)) {}
  [[nodiscard]] Status OpenStore(std::unique_ptr<kv::Engine> engine);
  [[nodiscard]] kv::LogEntry Decode(const raft::Entry& entry, ProposalId* id);

  const Options options_;
  kv::OperationCounts counts_;
  // Replaced together; engine_ and what a view needs of it under mutex_.
  std::shared_ptr<kv::Engine> engine_;
  std::shared_ptr<kv::Store> store_;
  mutable std::mutex mutex_;
  std::atomic<uint64_t> archived_ = 0;
  std::unique_ptr<kv::WatchHub> hub_;
  std::vector<std::string> configs_;  // of the batch under way: entries point into them
  std::vector<kv::Outcome> outcomes_;
};

}  // namespace keel::node
