#include "kv/engine/level_engine.h"

#include <utility>

#include "base/path.h"

namespace keel::kv {

namespace {

constexpr int kFilterBitsPerKey = 10;

leveldb::Slice Slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

void RaiseTo(std::atomic<uint64_t>* value, uint64_t least) {
  uint64_t seen = value->load();
  while (seen < least && !value->compare_exchange_weak(seen, least)) {
  }
}

}  // namespace

class LevelEngine::Held final : public EngineSnapshot {
 public:
  explicit Held(leveldb::DB* database) : database_(database), snapshot_(database->GetSnapshot()) {}
  ~Held() override { database_->ReleaseSnapshot(snapshot_); }

  [[nodiscard]] const leveldb::Snapshot* get() const { return snapshot_; }

 private:
  leveldb::DB* const database_;
  const leveldb::Snapshot* const snapshot_;
};

class LevelEngine::Cursor final : public EngineIterator {
 public:
  Cursor(const LevelEngine* engine, EngineSnapshotPtr snapshot,
         std::unique_ptr<leveldb::Iterator> iterator)
      : engine_(engine), snapshot_(std::move(snapshot)), iterator_(std::move(iterator)) {}

  void Seek(std::string_view key) override { iterator_->Seek(Slice(key)); }
  void Next() override { iterator_->Next(); }
  [[nodiscard]] bool Valid() const override { return iterator_->Valid(); }
  [[nodiscard]] std::string_view key() const override {
    const leveldb::Slice key = iterator_->key();
    return {key.data(), key.size()};
  }
  [[nodiscard]] std::string_view value() const override {
    const leveldb::Slice value = iterator_->value();
    return {value.data(), value.size()};
  }
  Status status() const override { return engine_->Translate(iterator_->status()); }

 private:
  const LevelEngine* const engine_;
  const EngineSnapshotPtr snapshot_;
  const std::unique_ptr<leveldb::Iterator> iterator_;
};

LevelEngine::LevelEngine(const LevelOptions& options) : options_(options) {
  if (options.deterministic) {
    jobs_ = std::make_unique<WhenTold>();
    syncs_ = std::make_unique<WhenTold>();
  } else {
    jobs_ = std::make_unique<OwnThread>("keel-compact");
    // A compaction of seconds must not hold up a sync: the raft log is kept until it is done.
    syncs_ = std::make_unique<OwnThread>("keel-sync");
  }
  env_ = std::make_unique<LevelEnv>(
      LevelEnv::Options{.files = options.files, .jobs = jobs_.get(), .clock = options.clock});
  leveldb::Logger* logger = nullptr;
  (void)env_->NewLogger({}, &logger);
  logger_.reset(logger);
  cache_.reset(leveldb::NewLRUCache(options.cache_bytes));
  filter_.reset(leveldb::NewBloomFilterPolicy(kFilterBitsPerKey));
}

LevelEngine::~LevelEngine() {
  syncs_->RunAll();
  syncs_.reset();
  // A database that ends with an empty log opens without a replay. Every compaction of a range
  // flushes first, and this range is empty. It waits for a thread, which only OwnThread has.
  if (database_ != nullptr && !options_.deterministic && env_->failure().ok()) {
    const leveldb::Slice beyond("\xff\xff\xff\xff\xff");
    database_->CompactRange(&beyond, &beyond);
  }
  // LevelDB waits for the job that it has scheduled.
  jobs_->RunAll();
  database_.reset();
}

Result<std::unique_ptr<LevelEngine>> LevelEngine::Open(const LevelOptions& options) {
  KEEL_ASSIGN_OR_RETURN(const bool exists, options.files->Exists(options.directory));
  if (!exists) {
    KEEL_RETURN_IF_ERROR(options.files->CreateDirectory(options.directory));
    KEEL_RETURN_IF_ERROR(options.files->SyncDirectory(DirectoryOf(options.directory)));
  }
  std::unique_ptr<LevelEngine> engine(new LevelEngine(options));
  KEEL_RETURN_IF_ERROR(engine->OpenDatabase());
  return engine;
}

Status LevelEngine::OpenDatabase() {
  // Held over the repair too: two processes must not cut the same files.
  KEEL_ASSIGN_OR_RETURN(LevelRepair repair, [this]() -> Result<LevelRepair> {
    KEEL_ASSIGN_OR_RETURN(const auto lock, options_.files->Lock(options_.directory + "/LOCK"));
    return PrepareLevelDirectory(options_.files, options_.directory);
  }());
  torn_ = std::move(repair.torn);
  leveldb::Options options;
  options.env = env_.get();
  options.info_log = logger_.get();
  options.create_if_missing = repair.fresh;
  options.paranoid_checks = true;
  options.write_buffer_size = options_.write_buffer_bytes;
  options.max_file_size = options_.table_bytes;
  options.max_open_files = options_.open_files_max;
  options.block_cache = cache_.get();
  options.filter_policy = filter_.get();
  options.compression = options_.compress ? leveldb::kSnappyCompression : leveldb::kNoCompression;
  leveldb::DB* database = nullptr;
  const leveldb::Status opened = leveldb::DB::Open(options, options_.directory, &database);
  database_.reset(database);
  jobs_->RunAll();
  return opened.ok() ? Status::Ok() : Translate(opened).WithContext(options_.directory);
}

Status LevelEngine::Translate(const leveldb::Status& status) const {
  if (status.ok()) return Status::Ok();
  if (const Status failed = env_->failure(); !failed.ok()) return failed;
  if (!status.IsCorruption()) return Unavailable(status.ToString());
  const std::string place = LevelEnv::LastRead();
  return DataLoss((place.empty() ? options_.directory : place) + ": " + status.ToString() +
                  "; the copy of this member is damaged: let it be seeded from its peers");
}

leveldb::ReadOptions LevelEngine::ReadOptionsFor(const EngineSnapshot* snapshot) const {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  if (snapshot != nullptr) options.snapshot = static_cast<const Held*>(snapshot)->get();
  return options;
}

Result<bool> LevelEngine::Get(std::string_view key, std::string* value,
                              const EngineSnapshot* snapshot) {
  const leveldb::Status status = database_->Get(ReadOptionsFor(snapshot), Slice(key), value);
  if (status.ok()) return true;
  if (status.IsNotFound()) return false;
  return Translate(status);
}

Status LevelEngine::Write(const WriteBatch& batch, Index applied) {
  if (const Status failed = env_->failure(); !failed.ok()) return failed;
  const leveldb::Status written = database_->Write(leveldb::WriteOptions(), batch.updates());
  if (!written.ok()) return env_->Latch(Translate(written));
  RaiseTo(&written_, applied.value());
  if (env_->unsynced_bytes() >= options_.sync_every_bytes) SyncInBackground();
  jobs_->RunAll();
  return Status::Ok();
}

void LevelEngine::SyncInBackground() {
  if (syncing_.exchange(true)) return;
  syncs_->Add([this] {
    // A failure is latched, and the next write meets it.
    (void)Sync();
    syncing_ = false;
  });
  syncs_->RunAll();
}

Status LevelEngine::Sync() {
  // Noted before the sync begins: what is written meanwhile may not be covered.
  const uint64_t covered = written_.load();
  KEEL_RETURN_IF_ERROR(env_->SyncLog());
  RaiseTo(&durable_, covered);
  return Status::Ok();
}

EngineSnapshotPtr LevelEngine::Snapshot() { return std::make_shared<const Held>(database_.get()); }

std::unique_ptr<EngineIterator> LevelEngine::Iterate(const IterateOptions& options) {
  leveldb::ReadOptions read = ReadOptionsFor(options.snapshot.get());
  read.fill_cache = options.fill_cache;
  std::unique_ptr<leveldb::Iterator> iterator(database_->NewIterator(read));
  return std::make_unique<Cursor>(this, options.snapshot, std::move(iterator));
}

uint64_t LevelEngine::SizeBytes() {
  const leveldb::Range all("", "\xff\xff\xff\xff");
  uint64_t size_bytes = 0;
  database_->GetApproximateSizes(&all, 1, &size_bytes);
  return size_bytes + env_->log_bytes();
}

}  // namespace keel::kv
