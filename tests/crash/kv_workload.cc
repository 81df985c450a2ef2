#include "tests/crash/kv_workload.h"

#include <memory>
#include <utility>

#include "base/checksum.h"
#include "kv/engine/memory_engine.h"
#include "kv/mvcc/compactor.h"
#include "tests/kv/support/random_commands.h"

namespace keel::crash {

namespace {

constexpr size_t kCommandsOfBatch = 6;

kv::LevelOptions OptionsOn(FileSystem* files) {
  return {.files = files,
          .directory = "/kv",
          .deterministic = true,
          .cache_bytes = size_t{64} << 10,
          .write_buffer_bytes = size_t{64} << 10,
          .sync_every_bytes = size_t{3} << 10};
}

}  // namespace

KvWorkload::KvWorkload(const KvWorkloadOptions& options) : options_(options) { Record(); }
KvWorkload::~KvWorkload() = default;

Result<uint64_t> KvWorkload::KeysChecksum(const kv::Store& store) {
  KEEL_ASSIGN_OR_RETURN(const auto range, store.view()->Range({.keys = kv::PrefixRange("")}));
  uint64_t checksum = range.count;
  for (const kv::KeyValue& kv : range.kvs) {
    checksum = Checksum(kv.key, checksum);
    checksum = Checksum(kv.value, checksum + kv.mod.value() + kv.version);
  }
  return checksum;
}

Status KvWorkload::ApplyBatch(kv::Store* store, const Batch& batch) {
  std::vector<kv::LogEntry> entries;
  Index index = store->state().applied;
  for (const std::string& payload : batch.payloads) {
    index = index.Next();
    entries.push_back({.index = index, .term = Term(1), .payload = payload});
  }
  std::vector<kv::Outcome> outcomes;
  return store->Apply(entries, &outcomes);
}

void KvWorkload::Record() {
  kv::MemoryEngine engine;
  auto store = kv::Store::Open({.engine = &engine});
  KEEL_CHECK(store.ok()) << store.status();
  kv::RandomCommands random(options_.seed);
  for (size_t i = 0; i <= options_.batches; ++i) {
    Batch batch;
    for (size_t j = 0; j < kCommandsOfBatch && i > 0; ++j) {
      const kv::StoreState& state = (*store)->state();
      batch.payloads.push_back(kv::EncodeCommand(random.Next(
          {.revision = state.revision, .compacted = state.compacted, .term = Term(1)})));
    }
    // Some weight, so that logs rotate and tables are made.
    if (i > 0) {
      batch.payloads.push_back(
          kv::EncodeCommand({{}, kv::PutOp{.key = "heavy", .value = std::string(3'000, 'h')}}));
    }
    KEEL_CHECK(ApplyBatch(store->get(), batch).ok());
    batch.after = {.state = (*store)->state(), .keys_checksum = KeysChecksum(**store).value()};
    batches_.push_back(std::move(batch));
  }
}

std::string KvWorkload::Run(simfs::SimulatedFileSystem* files) {
  size_t next = 1;
  while (next < batches_.size()) {
    if (std::string failure = RunOn(files, &next); !failure.empty()) return failure;
  }
  return {};
}

// One life of the process: a third of the batches, then a clean close.
std::string KvWorkload::RunOn(simfs::SimulatedFileSystem* files, size_t* next) {
  auto engine = kv::LevelEngine::Open(OptionsOn(files));
  if (!engine.ok()) return engine.status().ToString();
  engine_ = engine->get();
  auto store = kv::Store::Open({.engine = engine_});
  if (!store.ok()) return store.status().ToString();
  kv::Compactor compactor(engine_, 0);
  const size_t stop = std::min(batches_.size(), *next + options_.batches / 3 + 1);
  for (; *next < stop; ++*next) {
    issued_ = *next;
    if (const Status applied = ApplyBatch(store->get(), batches_[*next]); !applied.ok()) {
      return applied.ToString();
    }
    durable_ = std::max(durable_, engine_->durable());
    if (*next % 3 != 0) continue;
    const auto done = compactor.Step((*store)->state().compacted, 10);
    if (!done.ok()) return done.status().ToString();
    if (*next % 9 != 0) continue;
    if (const Status synced = engine_->Sync(); !synced.ok()) return synced.ToString();
    durable_ = std::max(durable_, engine_->durable());
  }
  engine_ = nullptr;
  return {};
}

uint64_t KvWorkload::Expectation() const { return issued_ * 1'000'003 + durable_.value(); }

std::string KvWorkload::CheckAt(kv::Store* store, size_t batches_done) const {
  const Position& expected = batches_[batches_done].after;
  if (!(store->state() == expected.state)) return "another state than the log makes";
  const auto keys = KeysChecksum(*store);
  if (!keys.ok()) return keys.status().ToString();
  return *keys == expected.keys_checksum ? "" : "other keys than the log makes";
}

std::string KvWorkload::Check(const simfs::Image& image, uint64_t /*seed*/) {
  simfs::SimulatedFileSystem files(image);
  auto engine = kv::LevelEngine::Open(OptionsOn(&files));
  if (!engine.ok()) return engine.status().ToString();
  auto store = kv::Store::Open({.engine = engine->get()});
  if (!store.ok()) return store.status().ToString();
  const Index applied = (*store)->state().applied;
  if (applied < durable_) return "a durable entry is gone";
  size_t done = 0;
  while (done < batches_.size() && batches_[done].after.state.applied != applied) ++done;
  // A batch goes to the engine in more than one piece only before commands that read it.
  if (done == batches_.size()) {
    done = 0;
    while (batches_[done + 1].after.state.applied < applied) ++done;
    const Batch& torn = batches_[done + 1];
    Batch rest;
    const uint64_t skip = applied - batches_[done].after.state.applied;
    rest.payloads.assign(torn.payloads.begin() + static_cast<long>(skip), torn.payloads.end());
    if (!ApplyBatch(store->get(), rest).ok()) return "the rest of a batch does not apply";
    ++done;
  }
  if (done > issued_) return "the store is ahead of the log";
  if (std::string wrong = CheckAt(store->get(), done); !wrong.empty()) return wrong;
  for (size_t i = done + 1; i <= issued_; ++i) {
    if (const Status again = ApplyBatch(store->get(), batches_[i]); !again.ok()) {
      return again.ToString();
    }
  }
  return CheckAt(store->get(), std::max(done, issued_));
}

}  // namespace keel::crash
