// What the core costs: entries through three cores in one thread, with disks and wires that take no
// time, so that nothing is measured but the core itself.
//
// bench_raft prints items_per_second: entries committed and applied on all three.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "raft/quorum.h"
#include "raft/raft.h"

namespace keel::raft {
namespace {

constexpr size_t kEntryBytes = 256;

// Three cores; what one sends arrives in the next round, what it writes is durable at once.
class Trio {
 public:
  explicit Trio(const Options& options = {}) {
    const auto config =
        std::make_shared<const Config>(Config::OfVoters({NodeId(1), NodeId(2), NodeId(3)}));
    for (size_t i = 0; i < kSize; ++i) {
      Options own = options;
      own.id = NodeId(i + 1);
      own.boot = BootId(1);
      own.seed = i;
      cores_[i] = std::make_unique<Raft>(own, Restored({.config = config}));
    }
    Give(0, Tick{});
    Settle();
    now_ = now_ + 2'000;
    Give(0, Tick{});
    Settle();
    KEEL_CHECK(leader().role() == Role::kLeader) << "the first core was to lead";
  }

  // A member that says nothing any more.
  void Silence(size_t member) { silent_ = member; }

  void Commit(const std::vector<Payload>& batch) {
    Give(0, Propose{.batch = 1, .payloads = batch});
    Settle();
  }

  // Lets the leader's timers run; nobody else's.
  void Pass(DurationMs duration_ms) {
    now_ = now_ + duration_ms;
    Give(0, Tick{});
    Settle();
  }

  [[nodiscard]] const Raft& leader() const { return *cores_[0]; }

 private:
  static constexpr size_t kSize = 3;

  void Give(size_t member, Event event) { inboxes_[member].push_back({now_, std::move(event)}); }

  void Settle() {
    for (bool worked = true; worked;) {
      worked = false;
      for (size_t i = 0; i < kSize; ++i) {
        if (inboxes_[i].empty()) continue;
        worked = true;
        inputs_.swap(inboxes_[i]);
        inboxes_[i].clear();
        cores_[i]->Step(inputs_, out_);
        inputs_.clear();
        CarryOut(i);
      }
    }
  }

  void CarryOut(size_t member) {
    if (!out_.persist.IsEmpty()) Give(member, PersistDone{out_.persist.id});
    for (auto* list : {&out_.send_now, &out_.send_after_persist}) {
      for (Message& message : *list) {
        const size_t to = message.to.value() - 1;
        if (to != silent_ && member != silent_) Give(to, std::move(message));
      }
    }
    if (!out_.committed.empty()) Give(member, Applied{out_.committed.back().index});
  }

  std::array<std::unique_ptr<Raft>, kSize> cores_;
  std::array<std::vector<Input>, kSize> inboxes_;
  std::vector<Input> inputs_;
  Output out_;
  Instant now_{1};
  std::optional<size_t> silent_;
};

std::vector<Payload> Batch(size_t count) {
  std::vector<Payload> batch;
  batch.reserve(count);
  for (size_t i = 0; i < count; ++i) batch.push_back(Payload::Of(std::string(kEntryBytes, 'x')));
  return batch;
}

// The headline: batches of entries through all three cores.
void CommitInBatches(benchmark::State& state) {
  Trio trio;
  // New payloads each time: what it costs to make them is part of the figure.
  for (auto _ : state) trio.Commit(Batch(static_cast<size_t>(state.range(0))));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(CommitInBatches)->Arg(1)->Arg(16)->Arg(128)->Arg(1'024);

// The same in a log that holds that many entries already: the cost of one must not grow.
void CommitBehindALongLog(benchmark::State& state) {
  static Trio trio;  // grows from one length to the next
  const std::vector<Payload> batch = Batch(128);
  const Index length(static_cast<uint64_t>(state.range(0)));
  while (trio.leader().commit() < length) trio.Commit(batch);
  for (auto _ : state) trio.Commit(batch);
  state.SetItemsProcessed(state.iterations() * 128);
  state.counters["cached_bytes"] = static_cast<double>(trio.leader().log().cached_bytes());
}
BENCHMARK(CommitBehindALongLog)->RangeMultiplier(10)->Range(10'000, 10'000'000);

// With one follower dead: what is kept for it has a bound, however much is committed without it.
void CommitPastADeadFollower(benchmark::State& state) {
  Trio trio;
  const std::vector<Payload> batch = Batch(128);
  trio.Silence(2);
  for (auto _ : state) trio.Commit(batch);
  state.SetItemsProcessed(state.iterations() * 128);
  const Progress& dead = trio.leader().peers().back();
  state.counters["inflight_bytes"] = static_cast<double>(dead.inflight.bytes());
  state.counters["inflight_messages"] = static_cast<double>(dead.inflight.messages());
  state.counters["cached_bytes"] = static_cast<double>(trio.leader().log().cached_bytes());
}
BENCHMARK(CommitPastADeadFollower);

void Heartbeat(benchmark::State& state) {
  Trio trio;
  for (auto _ : state) trio.Pass(100);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Heartbeat);

void FindTermInALogOfManyElections(benchmark::State& state) {
  Log log;
  const uint64_t terms = static_cast<uint64_t>(state.range(0));
  for (uint64_t index = 1; index <= 4 * terms; ++index) {
    log.Append({.term = Term(1 + index / 4), .index = Index(index)});
    log.Evict(Index(index), 0);
  }
  uint64_t index = 0;
  for (auto _ : state) {
    index = (index + 7'919) % (4 * terms);
    benchmark::DoNotOptimize(log.TermAt(Index(index)));
  }
}
BENCHMARK(FindTermInALogOfManyElections)->Arg(1)->Arg(100)->Arg(10'000);

void FindMajority(benchmark::State& state) {
  std::vector<NodeId> voters;
  for (uint64_t id = 1; id <= static_cast<uint64_t>(state.range(0)); ++id) voters.emplace_back(id);
  const Config config = Config::OfVoters(voters);
  for (auto _ : state) {
    benchmark::DoNotOptimize(MajorityValue(config, [](NodeId id) { return id.value() * 31 % 17; }));
  }
}
BENCHMARK(FindMajority)->Arg(3)->Arg(5)->Arg(7)->Arg(64);

}  // namespace
}  // namespace keel::raft

BENCHMARK_MAIN();
