// The safety that LevelDB does not have by itself: docs/kv_layout.md, "What survives a crash".
#include "kv/engine/level_engine.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "kv/engine/level_log.h"
#include "tests/kv/support/engines.h"

namespace keel::kv {
namespace {

class LevelEngineTest : public testing::Test {
 protected:
  // Numbered writes: after a crash the first k of them must be there, for some k.
  Status Write(uint64_t number) {
    WriteBatch batch;
    batch.Put("last", std::to_string(number));
    batch.Put("key" + std::to_string(number), std::string(500, 'v'));
    return world_.engine().Write(batch, Index(number));
  }
  uint64_t Last() {
    std::string value;
    const auto found = world_.engine().Get("last", &value);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() && *found ? std::stoull(value) : 0;
  }
  void ExpectPrefix(uint64_t at_least) {
    const uint64_t last = Last();
    EXPECT_GE(last, at_least);
    std::string value;
    for (uint64_t i = 1; i <= last; ++i) {
      const auto found = world_.engine().Get("key" + std::to_string(i), &value);
      ASSERT_TRUE(found.ok()) << found.status();
      EXPECT_TRUE(*found) << "write " << i << " of " << last << " is missing";
    }
  }
  std::vector<std::string> Files(const std::string& ending) {
    std::vector<std::string> found;
    auto names = world_.disk().List("/kv");
    for (const std::string& name : names.value()) {
      if (name.ends_with(ending)) found.push_back("/kv/" + name);
    }
    return found;
  }

  EngineWorld world_{EngineKind::kLevel};
};

TEST_F(LevelEngineTest, ACrashAfterAnyWriteLeavesAPrefixThatHoldsAllThatIsDurable) {
  uint64_t images = 0;
  for (uint64_t number = 1; number <= 400; ++number) {
    ASSERT_TRUE(Write(number).ok());
    if (number % 23 != 0) continue;
    const uint64_t durable = world_.engine().durable().value();
    for (const auto& loss : world_.disk().Losses({.seeds = 1, .cuts_max = 3})) {
      simfs::SimulatedFileSystem after(world_.disk().ImageAfter(loss));
      LevelOptions options = world_.options();
      options.files = &after;
      auto opened = LevelEngine::Open(options);
      ASSERT_TRUE(opened.ok()) << opened.status();
      std::string value;
      const auto found = (*opened)->Get("last", &value);
      ASSERT_TRUE(found.ok()) << found.status();
      const uint64_t last = *found ? std::stoull(value) : 0;
      EXPECT_GE(last, durable);
      EXPECT_LE(last, number);
      for (uint64_t i = 1; i <= last; ++i) {
        const auto there = (*opened)->Get("key" + std::to_string(i), &value);
        ASSERT_TRUE(there.ok() && *there) << "write " << i << " of " << last << " is missing";
      }
      ++images;
    }
  }
  EXPECT_GT(world_.engine().durable(), Index(0)) << "the log was synced in the background";
  EXPECT_GT(images, 50u);
}

TEST_F(LevelEngineTest, ItsSizeCountsWhatIsOnlyInTheLog) {
  ASSERT_TRUE(Write(1).ok());
  const uint64_t one = world_.engine().SizeBytes();
  EXPECT_GT(one, 0u);
  // Synced, and still in no table.
  ASSERT_TRUE(world_.engine().Sync().ok());
  EXPECT_EQ(world_.engine().SizeBytes(), one);
  for (uint64_t number = 2; number <= 400; ++number) ASSERT_TRUE(Write(number).ok());
  uint64_t logs_bytes = 0;
  for (const std::string& log : Files(".log")) {
    logs_bytes += world_.disk().SizeBytes(log).value();
  }
  uint64_t tables_bytes = 0;
  for (const std::string& table : Files(".ldb")) {
    tables_bytes += world_.disk().SizeBytes(table).value();
  }
  EXPECT_GT(tables_bytes, 0u) << "logs came and went";
  EXPECT_GE(world_.engine().SizeBytes(), logs_bytes);
  EXPECT_LE(world_.engine().SizeBytes(), logs_bytes + tables_bytes);
}

TEST_F(LevelEngineTest, ATornTailIsCutAndCounted) {
  for (uint64_t number = 1; number <= 20; ++number) ASSERT_TRUE(Write(number).ok());
  world_.Close();
  const std::string log = Files(".log").back();
  const uint64_t size_bytes = world_.disk().SizeBytes(log).value();
  {
    auto file = std::move(world_.disk().OpenWritable(log, OpenMode::kExisting)).value();
    const std::string_view zeros("\0\0\0\0\0\0\0\0\0\0\0\0", 12);
    ASSERT_TRUE(file->WriteAt(size_bytes, std::span(&zeros, 1)).ok());
  }
  ASSERT_TRUE(world_.Reopen().ok());
  ASSERT_EQ(world_.level().torn().size(), 1u);
  EXPECT_EQ(world_.level().torn()[0].offset, size_bytes);
  EXPECT_EQ(world_.level().torn()[0].cut_bytes, 12u);
  ExpectPrefix(20);
}

TEST_F(LevelEngineTest, AMissingCurrentIsDamageAndNotANewDatabase) {
  ASSERT_TRUE(Write(1).ok());
  world_.Close();
  ASSERT_TRUE(world_.disk().Remove("/kv/CURRENT").ok());
  const Status opened = world_.Reopen();
  EXPECT_EQ(opened.code(), Code::kDataLoss) << opened;
  EXPECT_NE(opened.message().find("CURRENT"), std::string_view::npos);
}

TEST_F(LevelEngineTest, AFlippedBitInATableIsNamedAndNeverServed) {
  for (uint64_t number = 1; number <= 400; ++number) ASSERT_TRUE(Write(number).ok());
  ASSERT_FALSE(Files(".ldb").empty());
  world_.Close();
  for (const std::string& table : Files(".ldb")) {
    ASSERT_TRUE(world_.disk().FlipBit(table, 8 * 1000).ok());
  }
  Status seen = world_.Reopen();
  std::string value;
  for (uint64_t i = 1; i <= 400 && seen.ok(); ++i) {
    const auto found = world_.engine().Get("key" + std::to_string(i), &value);
    if (!found.ok()) seen = found.status();
    if (found.ok() && *found) {
      EXPECT_EQ(value, std::string(500, 'v'));
    }
  }
  EXPECT_EQ(seen.code(), Code::kDataLoss) << seen;
  EXPECT_NE(seen.message().find(".ldb"), std::string_view::npos) << seen;
  EXPECT_NE(seen.message().find("offset"), std::string_view::npos) << seen;
}

TEST_F(LevelEngineTest, AFailedSyncIsFinal) {
  ASSERT_TRUE(Write(1).ok());
  world_.disk().SetHook([](const simfs::Operation& operation) {
    simfs::Fault fault;
    if (operation.kind == simfs::OperationKind::kSync) {
      fault.kind = simfs::Fault::Kind::kError;
      fault.status = DataLoss("the device failed");
    }
    return fault;
  });
  EXPECT_FALSE(world_.engine().Sync().ok());
  world_.disk().SetHook(nullptr);
  EXPECT_EQ(Write(2), DataLoss("the device failed"));
  EXPECT_FALSE(world_.engine().Sync().ok());
  EXPECT_EQ(world_.engine().durable(), Index(0));
}

TEST_F(LevelEngineTest, AFullDiskIsFinalForTheEngineAndHarmlessForItsFiles) {
  ASSERT_TRUE(Write(1).ok());
  world_.disk().SetCapacity(6000);
  uint64_t number = 2;
  Status written;
  while (number < 100 && (written = Write(number)).ok()) ++number;
  EXPECT_EQ(written.code(), Code::kResourceExhausted) << written;
  EXPECT_EQ(Write(number).code(), Code::kResourceExhausted);
  world_.disk().SetCapacity(0);
  ASSERT_TRUE(world_.Reopen().ok());
  ExpectPrefix(number - 1);
}

// Each read of an opening in turn.
TEST_F(LevelEngineTest, AReadThatFailsAtTheStartFailsTheStartAndSaysWhere) {
  for (uint64_t number = 1; number <= 60; ++number) {
    ASSERT_TRUE(Write(number).ok());
    if (number != 30) continue;
    ASSERT_TRUE(world_.Reopen().ok());
  }
  world_.Close();
  const simfs::Image image = world_.disk().ImageNow();
  uint64_t fails_at = 0;
  uint64_t refused = 0;
  for (bool struck = true; struck; ++fails_at) {
    struck = false;
    uint64_t reads = 0;
    simfs::SimulatedFileSystem disk(image);
    disk.SetHook([&](const simfs::Operation& operation) {
      if (operation.kind != simfs::OperationKind::kRead || reads++ != fails_at) {
        return simfs::Fault{};
      }
      struck = true;
      return simfs::Fault{.kind = simfs::Fault::Kind::kError, .status = Unavailable("EIO")};
    });
    LevelOptions options = world_.options();
    options.files = &disk;
    const auto engine = LevelEngine::Open(options);
    disk.SetHook(nullptr);
    if (engine.ok()) {
      // Nothing, or a read of the background, which opening does not depend on: all is there.
      for (uint64_t number = 1; number <= 60; ++number) {
        std::string value;
        const auto found = (*engine)->Get("key" + std::to_string(number), &value);
        ASSERT_TRUE(found.ok() && *found) << "write " << number << ", read " << fails_at;
      }
      continue;
    }
    ++refused;
    const std::string message(engine.status().message());
    EXPECT_NE(message.find("/kv/"), std::string::npos) << message;
    EXPECT_NE(message.find("replace this member"), std::string::npos) << message;
  }
  EXPECT_GE(refused, 5u);
}

TEST(LevelLog, AnyCutOfALogGivesThePrefixOfItsRecords) {
  EngineWorld world(EngineKind::kLevel);
  for (int i = 0; i < 40; ++i) {
    WriteBatch batch;
    batch.Put("k", std::string(static_cast<size_t>(i) * 37, 'x'));
    ASSERT_TRUE(world.engine().Write(batch, Index()).ok());
  }
  world.Close();
  std::string log;
  const auto names = world.disk().List("/kv");
  for (const std::string& name : *names) {
    if (name.ends_with(".log")) log = ReadWholeFile(&world.disk(), "/kv/" + name).value();
  }
  const LevelLogScan whole = ScanLevelLog(log);
  ASSERT_EQ(whole.good_bytes, log.size());
  ASSERT_EQ(whole.records.size(), 40u);
  for (size_t cut = 0; cut < log.size(); ++cut) {
    const LevelLogScan part = ScanLevelLog(std::string_view(log).substr(0, cut));
    ASSERT_LE(part.good_bytes, cut);
    ASSERT_LE(part.records.size(), whole.records.size());
    for (size_t i = 0; i < part.records.size(); ++i) ASSERT_EQ(part.records[i], whole.records[i]);
  }
}

}  // namespace
}  // namespace keel::kv
