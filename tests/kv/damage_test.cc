// One byte of LevelDB's files is changed, every one in turn: the engine answers rightly, with an
// older state that is whole, or with an error that names a file. Never wrongly.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/kv/support/engines.h"

namespace keel::kv {
namespace {

constexpr uint64_t kWritesInTable = 120;
constexpr uint64_t kWritesInAll = 200;

std::string ValueOf(uint64_t number) { return "value of " + std::to_string(number * 7919); }

class DamageTest : public testing::Test {
 protected:
  DamageTest() {
    for (uint64_t number = 1; number <= kWritesInAll; ++number) {
      WriteBatch batch;
      batch.Put("last", std::to_string(number));
      batch.Put("key" + std::to_string(number), ValueOf(number));
      KEEL_CHECK(world_.engine().Write(batch, Index(number)).ok());
      // Opening anew turns the log into a table.
      if (number == kWritesInTable) KEEL_CHECK(world_.Reopen().ok());
    }
    world_.Close();
  }

  // What a reader of the damaged files is told; sets *wrong where that is not the truth.
  Status Read(simfs::SimulatedFileSystem* disk, std::string* wrong) {
    LevelOptions options = world_.options();
    options.files = disk;
    KEEL_ASSIGN_OR_RETURN(auto engine, LevelEngine::Open(options));
    std::string value;
    KEEL_ASSIGN_OR_RETURN(const bool any, engine->Get("last", &value));
    const uint64_t last = any ? std::stoull(value) : 0;
    for (uint64_t number = 1; number <= kWritesInAll; ++number) {
      KEEL_ASSIGN_OR_RETURN(const bool found, engine->Get("key" + std::to_string(number), &value));
      if (found != (number <= last))
        *wrong = "write " + std::to_string(number) + " of " + std::to_string(last) + ": found " +
                 std::to_string(found);
      if (found && value != ValueOf(number)) *wrong = "another value";
    }
    const auto iterator = engine->Iterate({});
    uint64_t count = 0;
    for (iterator->Seek(""); iterator->Valid(); iterator->Next()) ++count;
    KEEL_RETURN_IF_ERROR(iterator->status());
    if (count != (last == 0 ? 0 : last + 1)) *wrong = "keys come or go in a walk";
    // What was in tables is durable, and no tail that may be torn.
    if (last < kWritesInTable) *wrong = "back to " + std::to_string(last) + " without a word";
    return Status::Ok();
  }

  EngineWorld world_{EngineKind::kLevel};
};

TEST_F(DamageTest, NoChangedByteEverGivesAWrongAnswer) {
  const simfs::Image image = world_.disk().ImageNow();
  uint64_t told = 0;
  uint64_t tried = 0;
  const auto names = world_.disk().List("/kv");
  for (const std::string& name : *names) {
    const std::string path = "/kv/" + name;
    const uint64_t size_bytes = world_.disk().SizeBytes(path).value();
    for (uint64_t at = 0; at < size_bytes; ++at) {
      simfs::SimulatedFileSystem disk(image);
      ASSERT_TRUE(disk.FlipBit(path, 8 * at + at % 8).ok());
      std::string wrong;
      const Status status = Read(&disk, &wrong);
      ASSERT_EQ(wrong, "") << path << " at byte " << at;
      ++tried;
      if (status.ok()) continue;
      ++told;
      ASSERT_EQ(status.code(), Code::kDataLoss) << path << " at byte " << at << ": " << status;
      ASSERT_NE(status.message().find("/kv"), std::string_view::npos) << status;
    }
  }
  EXPECT_GT(tried, 4'000u);
  EXPECT_GT(told, tried / 8);
}

}  // namespace
}  // namespace keel::kv
