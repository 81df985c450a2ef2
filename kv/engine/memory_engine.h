// The in-memory twin of the LevelDB engine: for simulation, for tests, and for TSan, which cannot
// see into Debian's LevelDB.
//
// Deterministic: what it answers depends on the calls alone. Each key holds its versions by
// sequence number; those that no snapshot can see any more are dropped when the key is written
// again or when the snapshot that held them goes. Any thread; one mutex, held for one step only.
// Nothing survives its destruction, so it reports each write as durable at once.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "kv/engine/engine.h"

namespace keel::kv {

class MemoryEngine final : public Engine {
 public:
  MemoryEngine();
  ~MemoryEngine() override;

  Result<bool> Get(std::string_view key, std::string* value,
                   const EngineSnapshot* snapshot = nullptr) override;
  Status Write(const WriteBatch& batch, Index applied) override;
  [[nodiscard]] EngineSnapshotPtr Snapshot() override;
  [[nodiscard]] std::unique_ptr<EngineIterator> Iterate(const IterateOptions& options) override;
  Status Sync() override { return Status::Ok(); }
  [[nodiscard]] Index durable() const override;
  [[nodiscard]] uint64_t SizeBytes() override;

  // How many versions are kept, for tests of reclaiming.
  [[nodiscard]] size_t version_count() const;

 private:
  class Held;
  class Cursor;
  friend class Held;
  friend class Cursor;

  struct Version {
    uint64_t sequence = 0;
    std::shared_ptr<const std::string> value;  // null: the key was deleted
  };
  using Versions = std::vector<Version>;
  using Map = std::map<std::string, Versions, std::less<>>;

  void Add(std::string_view key, std::shared_ptr<const std::string> value);
  // Drops what no snapshot sees; true when the key is gone altogether.
  bool Prune(Versions* versions);
  void Release(uint64_t sequence);
  [[nodiscard]] static const Version* Visible(const Versions& versions, uint64_t sequence);

  mutable std::mutex mutex_;
  Map map_;
  uint64_t sequence_ = 0;
  std::multiset<uint64_t> snapshots_;
  // Keys with versions that a snapshot keeps, and the sequence at which they were superseded.
  std::deque<std::pair<uint64_t, std::string>> kept_;
  Index applied_;
  uint64_t size_bytes_ = 0;
};

}  // namespace keel::kv
