// The engine of production: LevelDB, under the safety rules of docs/kv_layout.md.
//
// Writes go to LevelDB's log without a sync of their own. The log is synced in the background each
// `sync_every_bytes`, and before LevelDB turns to a new one; durable() tells how far that reached.
// Opening cuts torn tails (level_repair.h), then opens with paranoid checks; every read verifies
// checksums, and DATA_LOSS names the file and the offset. With BackgroundJobs that run when told,
// the engine runs them after each write and is deterministic, but for LevelDB's own memory.
// Any thread.
#pragma once

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "kv/engine/engine.h"
#include "kv/engine/level_env.h"
#include "kv/engine/level_repair.h"

namespace keel::kv {

struct LevelOptions {
  FileSystem* files = nullptr;
  std::string directory;  // made when missing; its parent exists
  const Clock* clock = nullptr;
  // Everything that the engine does on its own runs when it is told to, on the writer's thread.
  bool deterministic = false;
  size_t cache_bytes = size_t{16} << 20;
  size_t write_buffer_bytes = size_t{16} << 20;
  size_t table_bytes = size_t{4} << 20;
  size_t sync_every_bytes = size_t{1} << 20;
  int open_files_max = 500;
  bool compress = true;
};

class LevelEngine final : public Engine {
 public:
  [[nodiscard]] static Result<std::unique_ptr<LevelEngine>> Open(const LevelOptions& options);
  ~LevelEngine() override;

  Result<bool> Get(std::string_view key, std::string* value,
                   const EngineSnapshot* snapshot = nullptr) override;
  Status Write(const WriteBatch& batch, Index applied) override;
  [[nodiscard]] EngineSnapshotPtr Snapshot() override;
  [[nodiscard]] std::unique_ptr<EngineIterator> Iterate(const IterateOptions& options) override;
  Status Sync() override;
  [[nodiscard]] Index durable() const override { return Index(durable_.load()); }
  [[nodiscard]] uint64_t SizeBytes() override;

  // What opening had to cut.
  [[nodiscard]] const std::vector<TornTail>& torn() const { return torn_; }
  // For measurements against the bare database.
  [[nodiscard]] leveldb::DB* database() { return database_.get(); }

 private:
  class Held;
  class Cursor;

  explicit LevelEngine(const LevelOptions& options);
  [[nodiscard]] Status OpenDatabase();
  [[nodiscard]] Status Translate(const leveldb::Status& status) const;
  [[nodiscard]] leveldb::ReadOptions ReadOptionsFor(const EngineSnapshot* snapshot) const;
  void SyncInBackground();

  const LevelOptions options_;
  // In the order in which they must outlive one another.
  std::unique_ptr<BackgroundJobs> jobs_;
  std::unique_ptr<BackgroundJobs> syncs_;
  std::unique_ptr<LevelEnv> env_;
  std::unique_ptr<leveldb::Logger> logger_;
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> database_;
  std::vector<TornTail> torn_;

  std::atomic<uint64_t> written_ = 0;  // the position that the last finished write completed
  std::atomic<uint64_t> durable_ = 0;
  std::atomic<bool> syncing_ = false;
};

}  // namespace keel::kv
