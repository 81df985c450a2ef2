#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kv/snapshot/snapshot_installer.h"
#include "kv/snapshot/snapshot_reader.h"
#include "tests/kv/support/store_world.h"

namespace keel::kv {
namespace {

class SnapshotTest : public testing::Test {
 protected:
  SnapshotTest() {
    world_.Apply(LeaseGrantOp{.id = LeaseId(1), .ttl_s = 60});
    for (int i = 0; i < 200; ++i) {
      world_.Put("k" + std::to_string(i % 50), std::string(30, 'v'), LeaseId(i % 2));
    }
  }
  std::vector<std::string> Chunks() {
    SnapshotReader reader(world_.store().view(), {.chunk_bytes = 500});
    std::vector<std::string> chunks;
    while (true) {
      auto chunk = reader.Next();
      EXPECT_TRUE(chunk.ok()) << chunk.status();
      if (chunk->empty()) return chunks;
      chunks.push_back(std::move(*chunk));
    }
  }
  static SnapshotInstaller Installer(Index applied = {}, uint32_t group = 0) {
    return SnapshotInstaller(
        {.engine = std::make_unique<MemoryEngine>(), .group = group, .applied = applied});
  }

  StoreWorld world_;
};

TEST_F(SnapshotTest, AnInstalledStoreIsTheStoreOfItsMomentInAnyGroup) {
  SnapshotReader reader(world_.store().view(), {.chunk_bytes = 500});
  const StoreState then = world_.store().state();
  auto installer = Installer({}, 5);
  for (int i = 0;; ++i) {
    auto chunk = reader.Next();
    ASSERT_TRUE(chunk.ok());
    if (chunk->empty()) break;
    ASSERT_TRUE(installer.Add(*chunk).ok());
    // Writes go on meanwhile.
    world_.Put("k" + std::to_string(i % 50), "later");
  }
  EXPECT_GT(installer.chunk_count(), 10u);
  auto engine = installer.Finish();
  ASSERT_TRUE(engine.ok()) << engine.status();
  {
    auto store = Store::Open({.engine = engine->get(), .group = 5});
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*store)->state(), then);
    EXPECT_TRUE((*store)->leases().Contains(LeaseId(1)));
    const auto all = (*store)->view()->Range({.keys = PrefixRange("k")});
    EXPECT_EQ(all->count, 50u);
    EXPECT_EQ(all->kvs[7].value, std::string(30, 'v'));
  }
}

TEST_F(SnapshotTest, AReceiverResumesWithTheSameChunks) {
  const auto chunks = Chunks();
  SnapshotReader reader(world_.store().view(), {.chunk_bytes = 500});
  for (size_t i = 0; i < 8; ++i) ASSERT_TRUE(reader.Next().ok());
  ASSERT_TRUE(reader.ResumeAt(3).ok());
  for (size_t i = 3; i < chunks.size(); ++i) ASSERT_EQ(reader.Next().value(), chunks[i]) << i;
  EXPECT_EQ(reader.ResumeAt(chunks.size() + 1).code(), Code::kOutOfRange);
}

TEST_F(SnapshotTest, NoChunkCanBeLostRepeatedMovedOrChanged) {
  const auto chunks = Chunks();
  for (size_t i = 0; i < chunks.size(); ++i) {
    auto skips = Installer();
    auto repeats = Installer();
    auto changed = Installer();
    for (size_t j = 0; j < i; ++j) {
      ASSERT_TRUE(skips.Add(chunks[j]).ok());
      ASSERT_TRUE(repeats.Add(chunks[j]).ok());
      ASSERT_TRUE(changed.Add(chunks[j]).ok());
    }
    if (i + 1 < chunks.size()) {
      EXPECT_EQ(skips.Add(chunks[i + 1]).code(), Code::kDataLoss);
    }
    if (i > 0) {
      EXPECT_EQ(repeats.Add(chunks[i - 1]).code(), Code::kDataLoss);
    }
    std::string flipped = chunks[i];
    flipped[flipped.size() / 2] ^= 1;
    EXPECT_EQ(changed.Add(flipped).code(), Code::kDataLoss);
    EXPECT_FALSE(changed.Add(chunks[i]).ok()) << "a failure is final";
    EXPECT_FALSE(skips.Finish().ok());
  }
}

TEST_F(SnapshotTest, NothingOlderThanTheStoreIsTaken) {
  const auto chunks = Chunks();
  auto installer = Installer(world_.store().state().applied);
  EXPECT_EQ(installer.Add(chunks[0]).code(), Code::kFailedPrecondition);
}

TEST_F(SnapshotTest, ARestoreNeverShowsOldRevisionsAgain) {
  world_.Apply(ArchiveMarkOp{Index(2)});
  auto installer = Installer();
  for (const std::string& chunk : Chunks()) ASSERT_TRUE(installer.Add(chunk).ok());
  auto engine = installer.Finish();
  ASSERT_TRUE(engine.ok());
  ASSERT_TRUE(MakeRestored(engine->get(), {.bump_revision = 1'000}).ok());
  auto store = Store::Open({.engine = engine->get()});
  ASSERT_TRUE(store.ok());
  EXPECT_GE((*store)->state().revision, world_.store().state().revision + 1'000);
  EXPECT_EQ((*store)->state().applied, Index(0));
  EXPECT_EQ((*store)->archived(), Index(0)) << "the old log's archive says nothing of the new one";
  const auto old = (*store)->view()->Range(
      {.keys = PrefixRange("k"), .revision = world_.store().state().revision});
  EXPECT_EQ(old->error, KvError::kCompacted);
  EXPECT_EQ((*store)->view()->Range({.keys = PrefixRange("k")})->count, 50u);
}

}  // namespace
}  // namespace keel::kv
