// What both engines must do alike.
#include "kv/engine/engine.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/prng.h"
#include "tests/kv/support/engines.h"

namespace keel::kv {
namespace {

class EngineTest : public testing::TestWithParam<EngineKind> {
 protected:
  void Put(const std::string& key, const std::string& value) {
    WriteBatch batch;
    batch.Put(key, value);
    ASSERT_TRUE(engine().Write(batch, Index()).ok());
  }
  void Delete(const std::string& key) {
    WriteBatch batch;
    batch.Delete(key);
    ASSERT_TRUE(engine().Write(batch, Index()).ok());
  }
  std::optional<std::string> Get(const std::string& key, const EngineSnapshot* at = nullptr) {
    std::string value;
    const auto found = engine().Get(key, &value, at);
    EXPECT_TRUE(found.ok());
    if (!*found) return std::nullopt;
    return value;
  }
  std::map<std::string, std::string> All(EngineSnapshotPtr at, const std::string& from = "") {
    std::map<std::string, std::string> all;
    const auto iterator = engine().Iterate({.snapshot = std::move(at)});
    for (iterator->Seek(from); iterator->Valid(); iterator->Next()) {
      all.emplace(iterator->key(), iterator->value());
    }
    EXPECT_TRUE(iterator->status().ok());
    return all;
  }
  Engine& engine() { return world_.engine(); }

  EngineWorld world_{GetParam()};
};

TEST_P(EngineTest, ABatchTakesEffectInOrderAndWhole) {
  WriteBatch batch;
  batch.Put("a", "1");
  batch.Put("a", "2");
  batch.Put("b", "3");
  batch.Delete("b");
  batch.Delete("c");
  batch.Put("c", std::string("\0x", 2));
  ASSERT_TRUE(engine().Write(batch, Index(1)).ok());
  EXPECT_EQ(Get("a"), "2");
  EXPECT_EQ(Get("b"), std::nullopt);
  EXPECT_EQ(Get("c"), std::string("\0x", 2));
}

TEST_P(EngineTest, ASnapshotShowsItsMomentWhateverIsWrittenLater) {
  Put("a", "1");
  Put("b", "1");
  const auto before = engine().Snapshot();
  Put("a", "2");
  Delete("b");
  Put("c", "2");
  EXPECT_EQ(Get("a", before.get()), "1");
  EXPECT_EQ(Get("b", before.get()), "1");
  EXPECT_EQ(Get("c", before.get()), std::nullopt);
  EXPECT_EQ(All(before), (std::map<std::string, std::string>{{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(All(nullptr), (std::map<std::string, std::string>{{"a", "2"}, {"c", "2"}}));
}

TEST_P(EngineTest, AnIteratorKeepsTheStateInWhichItWasMade) {
  Put("a", "1");
  const auto iterator = engine().Iterate({});
  Put("a", "2");
  Put("b", "2");
  iterator->Seek("");
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->value(), "1");
  iterator->Next();
  EXPECT_FALSE(iterator->Valid());
}

TEST_P(EngineTest, KeysOrderAsUnsignedBytes) {
  Put("\x7f", "low");
  Put("\x80", "high");
  Put("", "empty");
  const auto iterator = engine().Iterate({});
  iterator->Seek("\x01");
  EXPECT_EQ(iterator->value(), "low");
  iterator->Next();
  EXPECT_EQ(iterator->value(), "high");
  iterator->Seek("");
  EXPECT_EQ(iterator->value(), "empty");
}

TEST_P(EngineTest, DurableFollowsSyncAndNeverRunsAhead) {
  WriteBatch batch;
  batch.Put("a", "1");
  ASSERT_TRUE(engine().Write(batch, Index(7)).ok());
  EXPECT_LE(engine().durable(), Index(7));
  ASSERT_TRUE(engine().Sync().ok());
  EXPECT_EQ(engine().durable(), Index(7));
  // A batch that completes no entry says nothing about entries.
  ASSERT_TRUE(engine().Write(batch, Index()).ok());
  ASSERT_TRUE(engine().Sync().ok());
  EXPECT_EQ(engine().durable(), Index(7));
}

TEST_P(EngineTest, AgreesWithAMapOverRandomWritesAndReopens) {
  Prng prng(11);
  std::map<std::string, std::string> expected;
  std::vector<std::pair<EngineSnapshotPtr, std::map<std::string, std::string>>> snapshots;
  for (int round = 0; round < 3000; ++round) {
    WriteBatch batch;
    for (uint64_t i = prng.Below(8); i > 0; --i) {
      const std::string key = "k" + std::to_string(prng.Below(200));
      if (prng.OneIn(3)) {
        batch.Delete(key);
        expected.erase(key);
      } else {
        const std::string value(prng.Below(300), static_cast<char>('a' + prng.Below(26)));
        batch.Put(key, value);
        expected[key] = value;
      }
    }
    ASSERT_TRUE(engine().Write(batch, Index(round)).ok());
    if (prng.OneIn(40)) snapshots.emplace_back(engine().Snapshot(), expected);
    if (prng.OneIn(100) && !snapshots.empty()) {
      const auto& [snapshot, then] = snapshots[prng.Below(snapshots.size())];
      ASSERT_EQ(All(snapshot), then);
    }
    if (prng.OneIn(500)) {
      snapshots.clear();
      ASSERT_TRUE(world_.Reopen().ok());
      ASSERT_EQ(All(nullptr), expected);
    }
  }
}

TEST(MemoryEngine, ReclaimsVersionsThatNoSnapshotSees) {
  MemoryEngine engine;
  WriteBatch put;
  put.Put("a", "1");
  WriteBatch remove;
  remove.Delete("a");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(engine.Write(put, Index()).ok());
  EXPECT_EQ(engine.version_count(), 1u);
  auto snapshot = engine.Snapshot();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(engine.Write(put, Index()).ok());
  EXPECT_EQ(engine.version_count(), 2u);
  ASSERT_TRUE(engine.Write(remove, Index()).ok());
  snapshot.reset();
  EXPECT_EQ(engine.version_count(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Both, EngineTest, testing::ValuesIn(TestedEngines()),
                         [](const auto& tested) {
                           return tested.param == EngineKind::kMemory ? "Memory" : "Level";
                         });

}  // namespace
}  // namespace keel::kv
