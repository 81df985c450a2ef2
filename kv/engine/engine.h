// An ordered map of bytes with atomic batches and snapshots: all that the store asks of a disk.
//
// LevelDB stands behind it in production (level_engine.h) and an ordered map in simulation
// (memory_engine.h); the same tests run over both. Keys order as unsigned bytes.
//
// Threads: every method may be called from any thread. Writes are serialised inside; the store
// has one writer of state (apply), and compaction deletes beside it what nobody can read any more.
// Ownership: an engine outlives its iterators and snapshots. An iterator reads one state of the
// map, that of its snapshot or that of its making, and belongs to one thread.
//
// Durability: a batch is atomic and batches survive in the order of their writing: a crash leaves
// the state after some batch, never between. Which one is only known from below: durable().
// Failures: a write that failed is final. The engine refuses all later ones with the same Status,
// since what the failed one left on the disk is unknown; opening again starts from what is there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "base/status.h"
#include "kv/engine/write_batch.h"

namespace keel::kv {

// Holding one keeps what it shows from being reclaimed.
class EngineSnapshot {
 public:
  EngineSnapshot() = default;
  EngineSnapshot(const EngineSnapshot&) = delete;
  EngineSnapshot& operator=(const EngineSnapshot&) = delete;
  virtual ~EngineSnapshot() = default;
};

using EngineSnapshotPtr = std::shared_ptr<const EngineSnapshot>;

// Stands nowhere until a Seek. key() and value() require Valid() and die with the next move. When
// Valid() turns false, status() tells the end from a failure.
class EngineIterator {
 public:
  EngineIterator() = default;
  EngineIterator(const EngineIterator&) = delete;
  EngineIterator& operator=(const EngineIterator&) = delete;
  virtual ~EngineIterator() = default;

  // To the first key at or after `key`.
  virtual void Seek(std::string_view key) = 0;
  virtual void Next() = 0;
  [[nodiscard]] virtual bool Valid() const = 0;
  [[nodiscard]] virtual std::string_view key() const = 0;
  [[nodiscard]] virtual std::string_view value() const = 0;
  virtual Status status() const = 0;
};

class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  // Whether there is such a key; its value goes to *value. Without a snapshot, the newest state.
  virtual Result<bool> Get(std::string_view key, std::string* value,
                           const EngineSnapshot* snapshot = nullptr) = 0;

  // `applied` is the log position that the batch completes, or none for a batch that completes no
  // entry. Positions never fall from one write to the next.
  virtual Status Write(const WriteBatch& batch, Index applied) = 0;

  [[nodiscard]] virtual EngineSnapshotPtr Snapshot() = 0;

  // A null snapshot means the newest state. Bulk readers leave the cache to the others.
  struct IterateOptions {
    EngineSnapshotPtr snapshot;
    bool fill_cache = true;
  };
  [[nodiscard]] virtual std::unique_ptr<EngineIterator> Iterate(const IterateOptions& options) = 0;

  // Makes all writes that have returned durable.
  virtual Status Sync() = 0;

  // Every write up to this position survives a crash of the machine: the raft log may be cut
  // behind it. Never goes back.
  [[nodiscard]] virtual Index durable() const = 0;

  // Room taken on the disk or in memory, roughly: for quotas of the machine and for metrics.
  [[nodiscard]] virtual uint64_t SizeBytes() = 0;
};

}  // namespace keel::kv
