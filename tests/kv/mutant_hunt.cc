// Puts each known bug of kv/ back in, one at a time, and demands that a check notices.
//
// A hunt is a small world that is whole without the bug and fails with it: the model test's world,
// crashes of LevelDB's files, or a rule's own scenario. Each hunt first runs without any mutant, so
// that a kill means the bug and not the check. Prints one line a mutant; fails if one survives.
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "base/mutant.h"
#include "kv/lease/lease_clock.h"
#include "kv/snapshot/snapshot_installer.h"
#include "kv/snapshot/snapshot_reader.h"
#include "kv/snapshot/store_directory.h"
#include "tests/kv/support/model_world.h"
#include "tests/kv/support/store_world.h"

namespace keel::kv {
namespace {

using mutants::Mutant;

// A hunt says what is wrong, or nothing.
using Hunt = std::function<std::string()>;

std::string ModelHunt(EngineKind engine) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    ModelWorld world({.engine = engine, .seed = seed});
    if (std::string failure = world.Run(1'500); !failure.empty()) return failure;
  }
  return {};
}

// What is wrong with what a crash left, given what was durable.
std::string CheckImage(const simfs::Image& image, LevelOptions options, uint64_t durable) {
  simfs::SimulatedFileSystem after(image);
  options.files = &after;
  auto engine = LevelEngine::Open(options);
  if (!engine.ok()) return engine.status().ToString();
  std::string value;
  const auto found = (*engine)->Get("last", &value);
  if (!found.ok()) return found.status().ToString();
  const uint64_t last = *found ? std::stoull(value) : 0;
  if (last < durable) return "a durable write is gone";
  for (uint64_t i = 1; i <= last; ++i) {
    const auto there = (*engine)->Get("key" + std::to_string(i), &value);
    if (!there.ok()) return there.status().ToString();
    if (!*there) return "a write before the last one is missing";
  }
  return {};
}

// Numbered writes into LevelDB; every change of the disk is followed by crashes. `from_start` looks
// at the making of the database, else at its life.
std::string EngineHunt(bool from_start) {
  simfs::SimulatedFileSystem disk;
  const LevelOptions options{.files = &disk,
                             .directory = "/kv",
                             .deterministic = true,
                             .write_buffer_bytes = size_t{64} << 10,
                             .sync_every_bytes = size_t{40} << 10};
  std::string failure;
  uint64_t durable = 0;
  uint64_t changes = 0;
  const auto crash = [&] {
    if (!failure.empty()) return;
    for (const auto& loss : disk.Losses({.seeds = 1, .cuts_max = 2})) {
      failure = CheckImage(disk.ImageAfter(loss), options, durable);
      if (!failure.empty()) return;
    }
  };
  if (from_start) {
    auto engine = LevelEngine::Open(options);
    if (!engine.ok()) return engine.status().ToString();
    WriteBatch batch;
    batch.Put("last", "1");
    batch.Put("key1", "v");
    if (!(*engine)->Write(batch, Index(1)).ok() || !(*engine)->Sync().ok()) return "no write";
    durable = 1;
    crash();
    return failure;
  }
  auto engine = LevelEngine::Open(options);
  if (!engine.ok()) return engine.status().ToString();
  disk.SetHook([&](const simfs::Operation& operation) {
    if (simfs::ChangesDisk(operation.kind) && ++changes % 7 == 0) crash();
    return simfs::Fault();
  });
  for (uint64_t number = 1; number <= 300 && failure.empty(); ++number) {
    WriteBatch batch;
    batch.Put("last", std::to_string(number));
    batch.Put("key" + std::to_string(number), std::string(700, 'v'));
    if (const Status written = (*engine)->Write(batch, Index(number)); !written.ok()) {
      return written.ToString();
    }
    durable = (*engine)->durable().value();
  }
  disk.SetHook(nullptr);
  return failure;
}

// A batch's data and its applied index may never part.
std::string AppliedHunt() {
  for (uint64_t cut = 1; cut < 40; ++cut) {
    EngineWorld world(EngineKind::kLevel);
    auto store = Store::Open({.engine = &world.engine()});
    if (!store.ok()) return store.status().ToString();
    for (uint64_t i = 1; i <= 10; ++i) {
      const std::string payload =
          EncodeCommand({{}, PutOp{.key = "k", .value = std::to_string(i)}});
      const LogEntry entry{.index = Index(i), .term = Term(1), .payload = payload};
      std::vector<Outcome> outcomes;
      if (!(*store)->Apply(std::span(&entry, 1), &outcomes).ok()) return "apply failed";
    }
    store->reset();
    const auto losses = world.disk().Losses({.seeds = 1, .cuts_max = 64});
    if (cut >= losses.size()) return {};
    if (const Status up = world.CrashAndReopen(losses[cut]); !up.ok()) return up.ToString();
    auto again = Store::Open({.engine = &world.engine()});
    if (!again.ok()) return again.status().ToString();
    // Nothing may be on the disk beyond the revision that the state names.
    std::vector<RevisionEvents> found;
    Revision next;
    const auto view = (*again)->view();
    if (!view->ReadRevisions(Revision(1), 1 << 20, PrefixRange(""), &found, &next).ok()) {
      return "the revisions do not read";
    }
    if (!found.empty() && found.back().revision > (*again)->state().revision) {
      return "data beyond the applied index";
    }
  }
  return {};
}

std::string RevisionHunt() {
  StoreWorld world;
  world.Put("a", "1");
  world.Apply(DeleteRangeOp{.keys = PrefixRange("a")});
  world.Put("b", "1");
  world.Apply(DeleteRangeOp{.keys = PrefixRange("b")});
  world.Apply(CompactOp{.revision = Revision(5)});
  Compactor compactor(&world.engine(), 0);
  // A compaction that takes the newest revision's records with it must not take the number.
  WriteBatch batch;
  const auto iterator = world.engine().Iterate({});
  const std::string family = Layout(0).Prefix(Family::kRevisions);
  for (iterator->Seek(family); iterator->Valid() && iterator->key().starts_with(family);
       iterator->Next()) {
    batch.Delete(iterator->key());
  }
  if (!compactor.Step(Revision(5), 100).ok() || !world.engine().Write(batch, Index()).ok()) {
    return "compaction failed";
  }
  const Revision before = world.store().state().revision;
  world.Restart();
  return world.store().state().revision < before ? "the revision went back" : "";
}

std::string StaleRevokeHunt() {
  StoreWorld world;
  world.Apply(LeaseGrantOp{.id = LeaseId(1), .ttl_s = 60});
  world.Put("a", "1", LeaseId(1));
  world.term = Term(2);
  world.Apply(LeaseRevokeOp{.ids = {LeaseId(1)}, .leader_term = Term(1)});
  return world.Get("a") == "1" ? "" : "a live lease was revoked";
}

std::string LeaseClockHunt() {
  LeaseClock clock({.now_ms = 0, .term = Term(1), .checkpoint_every_ms = 10'000},
                   {{LeaseId(1), {.ttl_s = 60}}});
  (void)clock.TakeCheckpoints(10'000);
  clock.Checkpointed(LeaseId(1), 50);
  if (clock.Renew(LeaseId(1), 11'000) == LeaseClock::Renewal::kRenewed) {
    return "renewed while the log holds an old remainder";
  }
  clock.Checkpointed(LeaseId(1), 0);
  (void)clock.TakeExpired(100'000);
  return clock.Renew(LeaseId(1), 100'001) == LeaseClock::Renewal::kRenewed
             ? "renewed while a revoke is on its way"
             : "";
}

std::string RetryHunt() {
  StoreWorld world;
  world.Apply(SessionOpenOp{.id = SessionId(1)});
  const Origin origin{.session = SessionId(1), .sequence = 1};
  const Outcome first = world.Apply(PutOp{.key = "a", .value = "1"}, origin);
  world.Put("a", "2");
  const Outcome again = world.Apply(PutOp{.key = "a", .value = "1"}, origin);
  if (world.Get("a") != "2") return "a retry was carried out again";
  return EncodeOutcome(first) == EncodeOutcome(again) ? "" : "a retry was answered otherwise";
}

std::string EarlyEndHunt() {
  LeaseClock clock({.now_ms = 0, .term = Term(1)}, {{LeaseId(1), {.ttl_s = 60}}});
  (void)clock.Renew(LeaseId(1), 30'000);
  return clock.TakeExpired(89'999).ids.empty() ? "" : "revoked before its time was over";
}

std::vector<std::string> ChunksOf(Store& store) {
  SnapshotReader reader(store.view(), {});
  std::vector<std::string> chunks;
  for (auto chunk = reader.Next(); chunk.ok() && !chunk->empty(); chunk = reader.Next()) {
    chunks.push_back(*chunk);
  }
  return chunks;
}

std::string InstallHunt() {
  StoreWorld world;
  for (int i = 0; i < 50; ++i) world.Put("k" + std::to_string(i), "v");
  simfs::SimulatedFileSystem disk;
  if (!disk.CreateDirectory("/data").ok() || !disk.SyncDirectory("/").ok()) return "no disk";
  auto directory = StoreDirectory::Open(&disk, "/data");
  LevelOptions options{.files = &disk, .directory = directory->incoming(), .deterministic = true};
  auto engine = LevelEngine::Open(options);
  if (!engine.ok()) return engine.status().ToString();
  SnapshotInstaller installer(
      {.engine = std::move(*engine), .activate = [&directory] { return directory->Activate(); }});
  for (const std::string& chunk : ChunksOf(world.store())) {
    if (!installer.Add(chunk).ok()) return "a chunk was refused";
  }
  auto installed = installer.Finish();
  if (!installed.ok()) return installed.status().ToString();
  for (const auto& loss : disk.Losses({.seeds = 1, .cuts_max = 4})) {
    simfs::SimulatedFileSystem after(disk.ImageAfter(loss));
    auto found = StoreDirectory::Open(&after, "/data");
    if (!found.ok()) return found.status().ToString();
    LevelOptions reopen{.files = &after, .directory = found->active(), .deterministic = true};
    auto opened = LevelEngine::Open(reopen);
    if (!opened.ok()) return opened.status().ToString();
    auto store = Store::Open({.engine = opened->get()});
    if (!store.ok()) return store.status().ToString();
    if ((*store)->state() != world.store().state()) return "an installed snapshot is gone";
  }
  return {};
}

std::string OlderSnapshotHunt() {
  StoreWorld world;
  world.Put("a", "1");
  SnapshotInstaller installer({.engine = std::make_unique<MemoryEngine>(), .applied = Index(5)});
  return installer.Add(ChunksOf(world.store()).front()).ok() ? "an older snapshot was taken" : "";
}

std::string RestoreHunt() {
  StoreWorld world;
  world.Put("a", "1");
  const Revision before = world.store().state().revision;
  if (!MakeRestored(&world.engine(), {}).ok()) return "no restore";
  world.Restart();
  // The old cluster may have gone on after the backup was taken.
  return world.store().state().revision <= before + 1'000 ? "old revisions will be given anew" : "";
}

struct Quarry {
  Mutant mutant;
  const char* name;
  Hunt hunt;
};

std::vector<Quarry> AllQuarries() {
  const Hunt model = [] { return ModelHunt(EngineKind::kMemory); };
  const Hunt engine = [] { return EngineHunt(false); };
  return {
      {Mutant::kRotatesUnsynced46, "kRotatesUnsynced46", engine},
      {Mutant::kCurrentUnsynced46, "kCurrentUnsynced46", [] { return EngineHunt(true); }},
      {Mutant::kTornTailKept46, "kTornTailKept46", engine},
      {Mutant::kAppliedApart40, "kAppliedApart40", AppliedHunt},
      {Mutant::kCompactionLowersRevision41, "kCompactionLowersRevision41", RevisionHunt},
      {Mutant::kRetryTwice47, "kRetryTwice47", RetryHunt},
      {Mutant::kWatchGap48, "kWatchGap48", model},
      {Mutant::kWatchTwice48, "kWatchTwice48", model},
      {Mutant::kWatchHalfRevision48, "kWatchHalfRevision48", model},
      {Mutant::kStaleRevoke34, "kStaleRevoke34", StaleRevokeHunt},
      {Mutant::kLateClearing57, "kLateClearing57", LeaseClockHunt},
      {Mutant::kRenewsWhileRevoking57, "kRenewsWhileRevoking57", LeaseClockHunt},
      {Mutant::kSnapshotUnsynced39, "kSnapshotUnsynced39", InstallHunt},
      {Mutant::kOlderSnapshot37, "kOlderSnapshot37", OlderSnapshotHunt},
      {Mutant::kRestoreRevision51, "kRestoreRevision51", RestoreHunt},
      {Mutant::kLeaseEndsEarly, "kLeaseEndsEarly", EarlyEndHunt},
  };
}

#define KEEL_KV_COUNT(name, text) +1
constexpr size_t kMutantCount = 0 KEEL_KV_MUTANT_LIST(KEEL_KV_COUNT);
#undef KEEL_KV_COUNT

int Main() {
  const std::vector<Quarry> quarries = AllQuarries();
  KEEL_CHECK(quarries.size() == kMutantCount) << "a mutant without a hunt";
  size_t survivors = 0;
  for (const Quarry& quarry : quarries) {
    mutants::active = Mutant::kNone;
    const std::string without = quarry.hunt();
    KEEL_CHECK(without.empty()) << quarry.name << " fails without the bug: " << without;
    mutants::active = quarry.mutant;
    const std::string verdict = quarry.hunt();
    survivors += verdict.empty() ? 1 : 0;
    std::printf("%-28s %s\n", quarry.name,
                verdict.empty() ? "SURVIVED" : ("killed: " + verdict).substr(0, 150).c_str());
  }
  std::printf("kv mutants: %zu hunted, %zu survived\n", quarries.size(), survivors);
  return survivors == 0 ? 0 : 1;
}

}  // namespace
}  // namespace keel::kv

int main() { return keel::kv::Main(); }
