// The store's speed, each figure beside the bare LevelDB's in the same run.
//
// KEEL_BENCH_KEYS sets the size of the store (default 1,000,000 keys of 256-byte values), and
// KEEL_BENCH_DIRECTORY where it is built; both stores are removed at the end. The CPU column
// is the caller's thread; what is called "process" counts all threads, LevelDB's compactions
// included.
#include <benchmark/benchmark.h>
#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "kv/mvcc/compactor.h"
#include "kv/watch/watch_hub.h"
#include "tests/bench/kv_bench_data.h"

namespace keel::kv {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

double CpuUs(clockid_t clock) {
  timespec now{};
  KEEL_CHECK(clock_gettime(clock, &now) == 0);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

std::string Directory(const std::string& name) {
  const char* root = std::getenv("KEEL_BENCH_DIRECTORY");
  const std::string base =
      root == nullptr ? std::filesystem::temp_directory_path().string() : std::string(root);
  return base + "/keel-kv-bench-" + name;
}

// A filled store, and a bare database that got the same records.
class World {
 public:
  static World& Get() {
    static World world;
    return world;
  }

  World() : keys(FromEnvironment("KEEL_BENCH_KEYS", 1'000'000)) {
    for (const char* name : {"store", "bare"}) std::filesystem::remove_all(Directory(name));
    engine = Open("store");
    bare = Open("bare");
    OpenStore();
    for (uint64_t i = 0; i < keys; i += kBenchBatch) {
      for (uint64_t j = i; j < i + kBenchBatch; ++j) Queue(j * 7919 % keys);
      ApplyQueued();
      WriteBare();
    }
  }
  ~World() {
    store.reset();
    engine.reset();
    bare.reset();
    for (const char* name : {"store", "bare"}) std::filesystem::remove_all(Directory(name));
  }

  std::unique_ptr<LevelEngine> Open(const char* name) {
    return OpenBenchEngine(&files, Directory(name));
  }
  void OpenStore() {
    StoreOptions options{.engine = engine.get()};
    options.on_revisions = [this](auto revisions) { last = {revisions.begin(), revisions.end()}; };
    store = OpenBenchStore(std::move(options));
  }

  // ---- puts ----
  void Queue(uint64_t number) {
    payloads.push_back(
        EncodeCommand({{}, PutOp{.key = BenchKey(number), .value = BenchValue(&prng)}}));
  }
  void ApplyQueued() {
    entries.clear();
    Index index = store->state().applied;
    for (const std::string& payload : payloads) {
      index = index.Next();
      entries.push_back({.index = index, .term = Term(1), .payload = payload});
    }
    outcomes.clear();
    last.clear();
    const double start_us = CpuUs(CLOCK_THREAD_CPUTIME_ID);
    const Status applied = store->Apply(entries, &outcomes);
    apply_us += CpuUs(CLOCK_THREAD_CPUTIME_ID) - start_us;
    KEEL_CHECK(applied.ok()) << applied;
    payloads.clear();
  }
  // The records of the last ApplyQueued, as they are, into the other database.
  void PrepareBare() {
    const Layout layout(0);
    bare_batch.Clear();
    for (const auto& revision : last) {
      for (const Event& event : revision->events) {
        bare_batch.Put(
            layout.DataKey(event.kv.key, event.kv.mod),
            EncodeData(
                {.create = event.kv.create, .version = event.kv.version, .value = event.kv.value}));
        bare_batch.Put(layout.RevisionKey(event.kv.mod, 0),
                       EncodeRevision({.previous = event.previous, .key = event.kv.key}));
      }
    }
  }
  void WriteBare() {
    PrepareBare();
    KEEL_CHECK(bare->database()->Write({}, &bare_batch).ok());
  }

  PosixFileSystem files;
  const uint64_t keys;
  Prng prng{1};
  std::unique_ptr<LevelEngine> engine;
  std::unique_ptr<LevelEngine> bare;
  std::unique_ptr<Store> store;
  std::vector<std::shared_ptr<const RevisionEvents>> last;
  double apply_us = 0;  // CPU of the caller of Apply so far
  std::vector<std::string> payloads;
  std::vector<LogEntry> entries;
  std::vector<Outcome> outcomes;
  leveldb::WriteBatch bare_batch;
};

// Batch by batch in turn, so that whatever else keeps the machine busy slows both alike.
void BM_Puts(benchmark::State& state) {
  World& world = World::Get();
  world.apply_us = 0;
  double bare_us = 0;
  const double process_start_us = CpuUs(CLOCK_PROCESS_CPUTIME_ID);
  for (auto _ : state) {
    state.PauseTiming();
    for (uint64_t i = 0; i < kBenchBatch; ++i) world.Queue(world.prng.Below(world.keys));
    state.ResumeTiming();
    world.ApplyQueued();
    state.PauseTiming();
    world.PrepareBare();
    const double bare_start_us = CpuUs(CLOCK_THREAD_CPUTIME_ID);
    KEEL_CHECK(world.bare->database()->Write({}, &world.bare_batch).ok());
    bare_us += CpuUs(CLOCK_THREAD_CPUTIME_ID) - bare_start_us;
    state.ResumeTiming();
  }
  const double puts = static_cast<double>(state.iterations()) * kBenchBatch;
  state.SetItemsProcessed(static_cast<int64_t>(puts));
  state.counters["store_us"] = world.apply_us / puts;
  state.counters["bare_us"] = bare_us / puts;
  state.counters["ratio"] = world.apply_us / bare_us;
  state.counters["both_process_us"] = (CpuUs(CLOCK_PROCESS_CPUTIME_ID) - process_start_us) / puts;
  state.counters["resident_MiB"] = ResidentMiB();
}
BENCHMARK(BM_Puts)->Iterations(2000);

void BM_GetLatest(benchmark::State& state) {
  World& world = World::Get();
  const auto view = world.store->view();
  for (auto _ : state) {
    const auto range =
        view->Range({.keys = {.begin = BenchKey(world.prng.Below(world.keys)), .end = {}}});
    KEEL_CHECK(range.ok() && range->count == 1);
  }
}
BENCHMARK(BM_GetLatest)->Iterations(100'000);

void BM_BareGet(benchmark::State& state) {
  World& world = World::Get();
  const auto view = world.store->view();
  // The exact records, found beforehand: a bare Get knows its key.
  std::vector<std::string> wanted;
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = BenchKey(world.prng.Below(world.keys));
    const auto kv = view->Get(key, view->revision());
    wanted.push_back(view->layout().DataKey(key, (*kv)->mod));
  }
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  std::string value;
  // Far apart in time from when they were looked up, or the cache would answer.
  Prng other(9);
  for (int i = 0; i < 20'000; ++i) {
    (void)view->Get(BenchKey(other.Below(world.keys)), view->revision());
  }
  size_t at = 0;
  for (auto _ : state) {
    KEEL_CHECK(world.engine->database()->Get(options, wanted[at], &value).ok());
    at = (at + 1) % wanted.size();
  }
}
BENCHMARK(BM_BareGet)->Iterations(20'000);

void BM_Range10k(benchmark::State& state) {
  World& world = World::Get();
  const auto view = world.store->view();
  constexpr uint64_t kRange = 10'000;
  for (auto _ : state) {
    const uint64_t from = world.prng.Below(world.keys - kRange);
    const auto range =
        view->Range({.keys = {.begin = BenchKey(from), .end = BenchKey(from + kRange)}});
    KEEL_CHECK(range.ok() && range->kvs.size() == kRange);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kRange));
}
BENCHMARK(BM_Range10k)->Iterations(50)->Unit(benchmark::kMillisecond);

// p99 of a batch of puts, in microseconds of wall time.
double P99OfPuts(World* world, const std::function<bool()>& go_on) {
  std::vector<double> took_us;
  while (go_on() || took_us.size() < 100) {
    for (uint64_t i = 0; i < 10; ++i) world->Queue(world->prng.Below(world->keys));
    const auto start = std::chrono::steady_clock::now();
    world->ApplyQueued();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    took_us.push_back(took.count());
    // A store that is written as fast as it goes measures LevelDB's own stalls.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const auto at = took_us.begin() + static_cast<long>(took_us.size() * 99 / 100);
  std::nth_element(took_us.begin(), at, took_us.end());
  return *at;
}

// Until LevelDB has caught up with what was written before: what it does then is not compared.
void WaitForQuiet() {
  constexpr double kQuietUs = 10'000;
  double busy_us = kQuietUs;
  while (busy_us >= kQuietUs) {
    const double start_us = CpuUs(CLOCK_PROCESS_CPUTIME_ID);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    busy_us = CpuUs(CLOCK_PROCESS_CPUTIME_ID) - start_us;
  }
}

void BM_CompactionBesideWrites(benchmark::State& state) {
  World& world = World::Get();
  for (auto _ : state) {
    WaitForQuiet();
    uint64_t left = 5'000;
    const double alone_us = P99OfPuts(&world, [&left] { return left-- > 0; });
    const Revision target = world.store->state().revision;
    world.payloads.push_back(EncodeCommand({{}, CompactOp{.revision = target}}));
    world.ApplyQueued();
    std::atomic<bool> done = false;
    const auto start = std::chrono::steady_clock::now();
    double compacted_s = 0;
    std::thread pool([&] {
      Compactor compactor(world.engine.get(), 0);
      while (!compactor.Step(target, Compactor::kStepRecords).value()) {
        std::this_thread::sleep_for(std::chrono::microseconds(Compactor::kPauseUs));
      }
      compacted_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      done = true;
    });
    const double beside_us = P99OfPuts(&world, [&done] { return !done; });
    pool.join();
    state.counters["p99_alone_us"] = alone_us;
    state.counters["p99_beside_us"] = beside_us;
    state.counters["ratio"] = beside_us / alone_us;
    state.counters["compaction_s"] = compacted_s;
  }
}
BENCHMARK(BM_CompactionBesideWrites)->Iterations(1)->Unit(benchmark::kMillisecond);

// ---- watches ----
class Ready final : public WatchListener {
 public:
  void OnReady(WatcherId watcher) override { woken.push_back(watcher); }
  std::vector<WatcherId> woken;
};

std::shared_ptr<const RevisionEvents> OneEvent(Revision revision, std::string key) {
  auto events = std::make_shared<RevisionEvents>();
  events->revision = revision;
  events->events.push_back({.kind = EventKind::kPut,
                            .kv = {.key = std::move(key),
                                   .value = std::string(kBenchValueBytes, 'v'),
                                   .create = revision,
                                   .mod = revision,
                                   .version = 1}});
  return events;
}

// One event for 10,000 watchers: all on one prefix, or each on its own among as many others.
void BM_WatchFanOut(benchmark::State& state) {
  const bool shared = state.range(0) == 1;
  constexpr uint64_t kWatchers = 10'000;
  Ready ready;
  WatchHub hub({}, Revision(1));
  for (uint64_t i = 0; i < kWatchers; ++i) {
    // Disjoint: as many prefixes, each inside the key of the event's revision.
    (void)hub.Add({.keys = PrefixRange(shared ? "key" : BenchKey(i))}, &ready);
  }
  const ReadView view({.revision = Revision(~uint64_t{0} - 1)});
  Revision revision(1);
  uint64_t delivered = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<std::shared_ptr<const RevisionEvents>> events;
    for (uint64_t i = 0; i < (shared ? 1 : kWatchers); ++i) {
      revision = revision.Next();
      // In no order: neighbours in memory would come one after the other.
      events.push_back(OneEvent(revision, BenchKey(i * 7919 % kWatchers)));
    }
    state.ResumeTiming();
    hub.Publish(events);
    for (const WatcherId watcher : ready.woken) {
      const auto pulled = hub.Pull(watcher, view, 1 << 20);
      KEEL_CHECK(pulled.ok() && pulled->revisions.size() == 1);
      ++delivered;
    }
    ready.woken.clear();
  }
  state.SetItemsProcessed(static_cast<int64_t>(delivered));
}
BENCHMARK(BM_WatchFanOut)->Arg(0)->Arg(1)->ArgName("shared")->Unit(benchmark::kMillisecond);

// What publishing costs the writer beside so many watchers that never pull.
void BM_PublishBesideBlocked(benchmark::State& state) {
  Ready ready;
  WatchHub hub({.ring_bytes_max = size_t{1} << 20}, Revision(1));
  for (int64_t i = 0; i < state.range(0); ++i) {
    (void)hub.Add({.keys = PrefixRange("key")}, &ready);
  }
  Revision revision(1);
  for (auto _ : state) {
    revision = revision.Next();
    const auto event = OneEvent(revision, BenchKey(1));
    hub.Publish(std::span(&event, 1));
  }
  state.counters["ring_KiB"] = static_cast<double>(hub.ring_bytes()) / 1024;
}
BENCHMARK(BM_PublishBesideBlocked)->Arg(0)->Arg(1)->Arg(100);

// ---- opening ----
void BM_OpenToFirstRead(benchmark::State& state) {
  World& world = World::Get();
  for (auto _ : state) {
    state.PauseTiming();
    world.store.reset();
    world.engine.reset();
    state.ResumeTiming();
    world.engine = world.Open("store");
    world.OpenStore();
    const auto range = world.store->view()->Range({.keys = {.begin = BenchKey(7), .end = {}}});
    KEEL_CHECK(range.ok() && range->count == 1);
  }
  state.counters["resident_MiB"] = ResidentMiB();
}
BENCHMARK(BM_OpenToFirstRead)->Iterations(3)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace keel::kv

BENCHMARK_MAIN();
