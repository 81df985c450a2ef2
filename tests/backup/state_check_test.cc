#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "kv/mvcc/compactor.h"
#include "tests/backup/backup_world.h"
#include "tests/kv/support/random_commands.h"
#include "tests/simfs/simulated_file_system.h"

namespace keel::backup {
namespace {

Result<SnapshotFindings> CheckStore(kv::StoreWorld* world) {
  simfs::SimulatedFileSystem files;
  KEEL_RETURN_IF_ERROR(SaveStream(&files, StreamOf(world->store().view())));
  return VerifyFile(&files);
}

TEST(StateCheckTest, WhateverAStoreHasBecomePasses) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    kv::StoreWorld world;
    kv::RandomCommands random(seed);
    for (int step = 0; step < 400; ++step) {
      const kv::StoreState& state = world.store().state();
      world.now_ms += 10;
      world.ApplyBytes(kv::EncodeCommand(random.Next(
          {.revision = state.revision, .compacted = state.compacted, .term = state.applied_term})));
      if (step % 40 != 39) continue;
      const auto found = CheckStore(&world);
      ASSERT_TRUE(found.ok()) << "seed " << seed << " step " << step << ": " << found.status();
      ASSERT_EQ(found->state, world.store().state());
    }
  }
}

// What a state says is changed behind its back, one record at a time.
class ContradictionTest : public testing::Test {
 protected:
  ContradictionTest() { FillStore(&world_); }
  void ExpectFoundAfter(const std::function<void(kv::WriteBatch*)>& change) {
    ASSERT_TRUE(CheckStore(&world_).ok());
    kv::WriteBatch batch;
    change(&batch);
    ASSERT_TRUE(world_.engine().Write(batch, world_.store().state().applied).ok());
    simfs::SimulatedFileSystem files;
    const Index applied = world_.store().state().applied;
    const auto view = std::make_shared<kv::ReadView>(
        kv::ReadView::Options{.engine = &world_.engine(),
                              .snapshot = world_.engine().Snapshot(),
                              .applied = applied,
                              .applied_term = world_.store().state().applied_term,
                              .revision = world_.store().state().revision});
    const Status saved = SaveStream(&files, StreamOf(view));
    ASSERT_TRUE(saved.ok()) << saved;
    EXPECT_EQ(VerifyFile(&files).status().code(), Code::kDataLoss);
  }

  kv::StoreWorld world_;
  const kv::Layout layout_{0};
};

TEST_F(ContradictionTest, AChangeOutOfTheIndexAlone) {
  ExpectFoundAfter(
      [&](kv::WriteBatch* batch) { batch->Delete(layout_.RevisionKey(Revision(9), 0)); });
}

TEST_F(ContradictionTest, AVersionOutOfTheDataAlone) {
  ExpectFoundAfter(
      [&](kv::WriteBatch* batch) { batch->Delete(layout_.DataKey("k7", Revision(9))); });
}

TEST_F(ContradictionTest, ALeaseThatIsGone) {
  ExpectFoundAfter(
      [&](kv::WriteBatch* batch) { batch->Delete(layout_.NumberKey(kv::Family::kLeases, 7)); });
}

TEST_F(ContradictionTest, AKeyThatItsLeaseForgot) {
  ExpectFoundAfter([&](kv::WriteBatch* batch) {
    batch->Put(layout_.AttachedKey(kv::LeaseId(7), "nobody"), {});
  });
}

TEST_F(ContradictionTest, ACountOfOneMore) {
  ExpectFoundAfter([&](kv::WriteBatch* batch) {
    kv::StoreState state = world_.store().state();
    ++state.live_keys;
    batch->Put(layout_.NameKey(kv::Family::kState, kv::kStateName), EncodeState(state));
  });
}

TEST_F(ContradictionTest, AnEarlierRevisionThanItsData) {
  ExpectFoundAfter([&](kv::WriteBatch* batch) {
    batch->Put(layout_.DataKey("late", Revision(900)),
               kv::EncodeData({.create = Revision(900), .version = 1, .value = "v"}));
    std::string record = kv::EncodeRevision({.kind = kv::EventKind::kPut, .key = "late"});
    batch->Put(layout_.RevisionKey(Revision(900), 0), record);
    kv::StoreState state = world_.store().state();
    ++state.live_keys;
    state.live_bytes += 5;
    batch->Put(layout_.NameKey(kv::Family::kState, kv::kStateName), EncodeState(state));
  });
}

TEST_F(ContradictionTest, ARecordOfNoFamily) {
  ExpectFoundAfter([&](kv::WriteBatch* batch) { batch->Put(layout_.group_prefix() + "zz", "v"); });
}

}  // namespace
}  // namespace keel::backup
