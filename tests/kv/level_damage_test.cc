// One byte of LevelDB's files is changed, every one in turn in small files and 2,000 by chance in
// large ones: the engine answers rightly, with an older state that is whole, or with an error that
// names a file. Never wrongly.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/prng.h"
#include "tests/kv/support/engines.h"

namespace keel::kv {
namespace {

constexpr uint64_t kWritesInTable = 120;
constexpr uint64_t kWritesInAll = 200;

// Every byte of files up to this size, and so many bytes of larger ones.
constexpr uint64_t kSmallFileBytes = uint64_t{64} << 10;
constexpr uint64_t kSamplesOfLarge = 2'000;

class DamageTest : public testing::Test {
 protected:
  // Writes values of at least so many bytes.
  void Fill(size_t value_bytes) {
    value_bytes_ = value_bytes;
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

  std::string ValueOf(uint64_t number) const {
    std::string value = "value of " + std::to_string(number * 7919);
    // Bytes that do not compress, or a large file would be a small one.
    Prng prng(number);
    while (value.size() < value_bytes_) value.push_back(static_cast<char>(prng.Next()));
    return value;
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

  // Changes one byte, reads, and judges.
  void TryByte(const simfs::Image& image, const std::string& path, uint64_t at) {
    simfs::SimulatedFileSystem disk(image);
    ASSERT_TRUE(disk.FlipBit(path, 8 * at + at % 8).ok());
    std::string wrong;
    const Status status = Read(&disk, &wrong);
    ASSERT_EQ(wrong, "") << path << " at byte " << at;
    ++tried_;
    if (status.ok()) return;
    ++told_;
    ASSERT_EQ(status.code(), Code::kDataLoss) << path << " at byte " << at << ": " << status;
    ASSERT_NE(status.message().find("/kv"), std::string_view::npos) << status;
    ASSERT_NE(status.message().find("seeded from its peers"), std::string_view::npos) << status;
  }

  EngineWorld world_{EngineKind::kLevel};
  size_t value_bytes_ = 0;
  uint64_t tried_ = 0;
  uint64_t told_ = 0;
};

TEST_F(DamageTest, NoChangedByteEverGivesAWrongAnswer) {
  Fill(0);
  const simfs::Image image = world_.disk().ImageNow();
  for (const auto& [path, bytes] : image.files) {
    ASSERT_LE(bytes->size(), kSmallFileBytes) << path;
    for (uint64_t at = 0; at < bytes->size(); ++at) {
      ASSERT_NO_FATAL_FAILURE(TryByte(image, path, at));
    }
  }
  EXPECT_GT(tried_, 4'000u);
  EXPECT_GT(told_, tried_ / 8);
}

TEST_F(DamageTest, NoSampledByteOfALargeFileGivesAWrongAnswer) {
  Fill(6'000);
  const simfs::Image image = world_.disk().ImageNow();
  std::vector<std::string> large;
  for (const auto& [path, bytes] : image.files) {
    if (bytes->size() > kSmallFileBytes) large.push_back(path);
  }
  const auto is_table = [](const std::string& path) { return path.ends_with(".ldb"); };
  ASSERT_TRUE(std::any_of(large.begin(), large.end(), is_table)) << "no table is large";
  Prng prng(1);
  for (uint64_t sample = 0; sample < kSamplesOfLarge; ++sample) {
    const std::string& path = large[sample % large.size()];
    ASSERT_NO_FATAL_FAILURE(TryByte(image, path, prng.Below(image.files.at(path)->size())));
  }
  EXPECT_GT(told_, tried_ / 2);
}

}  // namespace
}  // namespace keel::kv
