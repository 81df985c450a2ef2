// The simulated disk loses exactly what the contract lets it lose, and nothing else.
#include "tests/simfs/simulated_file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <set>
#include <string>

namespace keel::simfs {
namespace {

using ::testing::HasSubstr;

class SimulatedDisk : public ::testing::Test {
 protected:
  SimulatedDisk() {
    EXPECT_EQ(files_.CreateDirectory("/d"), Status::Ok());
    EXPECT_EQ(files_.SyncDirectory("/"), Status::Ok());
  }

  std::unique_ptr<WritableFile> Open(const std::string& path) {
    return std::move(files_.OpenWritable(path, OpenMode::kCreateOrKeep)).value();
  }
  static void Write(WritableFile* file, uint64_t offset, std::string_view bytes) {
    EXPECT_EQ(file->WriteAt(offset, {&bytes, 1}), Status::Ok());
  }
  // A file whose name is durable.
  std::unique_ptr<WritableFile> OpenDurable(const std::string& path) {
    auto file = Open(path);
    EXPECT_EQ(files_.SyncDirectory("/d"), Status::Ok());
    return file;
  }
  // A file's bytes after a crash; "(none)" when it is gone.
  std::string After(const Loss& loss, const std::string& path) {
    const Image image = files_.ImageAfter(loss);
    const std::string* bytes = image.Find(path);
    return bytes == nullptr ? "(none)" : *bytes;
  }

  SimulatedFileSystem files_;
};

TEST_F(SimulatedDisk, SyncedBytesSurviveEveryLoss) {
  const auto file = OpenDurable("/d/a");
  Write(file.get(), 0, "kept");
  ASSERT_EQ(file->Sync(), Status::Ok());
  Write(file.get(), 4, "lost");
  for (const Loss& loss : files_.Losses({.seeds = 20})) {
    EXPECT_EQ(After(loss, "/d/a").substr(0, 4), "kept") << loss.ToString();
  }
}

TEST_F(SimulatedDisk, UnsyncedBytesAreLostWhollyOrInPart) {
  const auto file = OpenDurable("/d/a");
  Write(file.get(), 0, "abcd");
  EXPECT_EQ(After({.mode = LossMode::kEverything}, "/d/a"), "");
  EXPECT_EQ(After({.mode = LossMode::kNothing}, "/d/a"), "abcd");
  EXPECT_EQ(After({.mode = LossMode::kNamesKept}, "/d/a"), std::string(4, '\0'));
  std::set<std::string> seen;
  for (const Loss& loss : files_.Losses({.seeds = 50})) seen.insert(After(loss, "/d/a"));
  EXPECT_TRUE(seen.count(std::string("ab\0\0", 4))) << "a write may be torn in the middle";
}

TEST_F(SimulatedDisk, SectorsAreWrittenBackInAnyOrder) {
  const auto file = OpenDurable("/d/a");
  Write(file.get(), 0, std::string(2 * kSectorBytes, 'a'));
  ASSERT_EQ(file->Sync(), Status::Ok());
  Write(file.get(), 0, std::string(kSectorBytes, 'b'));
  Write(file.get(), kSectorBytes, std::string(kSectorBytes, 'c'));
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::string bytes = After({.mode = LossMode::kSectors, .seed = seed}, "/d/a");
    seen.insert({bytes.front(), bytes.back()});
  }
  EXPECT_EQ(seen, (std::set<std::string>{"aa", "ba", "ac", "bc"}));
}

TEST_F(SimulatedDisk, ASectorShowsOneMomentOfItsHistory) {
  const auto file = OpenDurable("/d/a");
  Write(file.get(), 0, "aaaa");
  ASSERT_EQ(file->Sync(), Status::Ok());
  Write(file.get(), 0, "bb");
  Write(file.get(), 2, "cc");
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    seen.insert(After({.mode = LossMode::kSectors, .seed = seed}, "/d/a"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"aaaa", "bbaa", "bbcc"}));
}

TEST_F(SimulatedDisk, NamesAndBytesBecomeDurableApart) {
  const auto file = Open("/d/a");
  Write(file.get(), 0, "abcd");
  ASSERT_EQ(file->Sync(), Status::Ok());
  EXPECT_EQ(After({.mode = LossMode::kEverything}, "/d/a"), "(none)");
  ASSERT_EQ(files_.SyncDirectory("/d"), Status::Ok());
  EXPECT_EQ(After({.mode = LossMode::kEverything}, "/d/a"), "abcd");
}

TEST_F(SimulatedDisk, ARenameShowsTheOldFileOrTheNewOne) {
  const auto old_file = OpenDurable("/d/a");
  Write(old_file.get(), 0, "old");
  ASSERT_EQ(old_file->Sync(), Status::Ok());
  const auto new_file = OpenDurable("/d/b");
  Write(new_file.get(), 0, "new");
  ASSERT_EQ(new_file->Sync(), Status::Ok());
  ASSERT_EQ(files_.Rename({.from = "/d/b", .to = "/d/a"}), Status::Ok());
  for (const Loss& loss : files_.Losses({.seeds = 20})) {
    const bool renamed = After(loss, "/d/a") == "new";
    EXPECT_EQ(After(loss, "/d/a"), renamed ? "new" : "old") << loss.ToString();
    EXPECT_EQ(After(loss, "/d/b"), renamed ? "(none)" : "new") << loss.ToString();
  }
}

TEST_F(SimulatedDisk, ARenameAcrossDirectoriesNeverLosesTheFile) {
  ASSERT_EQ(files_.CreateDirectory("/e"), Status::Ok());
  ASSERT_EQ(files_.SyncDirectory("/"), Status::Ok());
  const auto file = OpenDurable("/d/a");
  ASSERT_EQ(files_.Rename({.from = "/d/a", .to = "/e/a"}), Status::Ok());
  ASSERT_EQ(files_.SyncDirectory("/d"), Status::Ok());
  EXPECT_EQ(After({.mode = LossMode::kEverything}, "/d/a"), "(none)");
  EXPECT_EQ(After({.mode = LossMode::kEverything}, "/e/a"), "");
}

TEST_F(SimulatedDisk, ARemovedFileMayComeBack) {
  const auto file = OpenDurable("/d/a");
  Write(file.get(), 0, "abcd");
  ASSERT_EQ(file->Sync(), Status::Ok());
  ASSERT_EQ(files_.Remove("/d/a"), Status::Ok());
  EXPECT_EQ(After({.mode = LossMode::kEverything}, "/d/a"), "abcd");
  ASSERT_EQ(files_.SyncDirectory("/d"), Status::Ok());
  EXPECT_EQ(After({.mode = LossMode::kEverything}, "/d/a"), "(none)");
}

TEST_F(SimulatedDisk, AFailedSyncDropsWhatItShouldHaveCovered) {
  const auto file = OpenDurable("/d/a");
  Write(file.get(), 0, "abcd");
  files_.SetHook([](const Operation& operation) {
    if (operation.kind != OperationKind::kSync) return Fault{};
    return Fault{.kind = Fault::Kind::kError, .status = DataLoss("sync " + operation.path)};
  });
  EXPECT_EQ(file->Sync().code(), Code::kDataLoss);
  files_.SetHook(nullptr);
  EXPECT_EQ(file->Sync(), Status::Ok()) << "a retry succeeds, and proves nothing";
  std::array<char, 4> buffer = {};
  EXPECT_EQ(file->ReadAt(0, buffer).value_or(0), 4u) << "still seen";
  EXPECT_EQ(After({.mode = LossMode::kNothing}, "/d/a"), "") << "but not on the disk";
}

TEST_F(SimulatedDisk, FaultsMisplaceFlipAndCutShort) {
  const auto file = OpenDurable("/d/a");
  Write(file.get(), 0, "........");
  Fault fault = {.kind = Fault::Kind::kMisplaced, .argument = 4};
  files_.SetHook([&fault](const Operation&) { return fault; });
  Write(file.get(), 0, "ab");
  fault = {.kind = Fault::Kind::kLost};
  Write(file.get(), 0, "zz");
  fault = {.kind = Fault::Kind::kFlipped, .argument = 1};
  Write(file.get(), 0, "@");
  fault = {.kind = Fault::Kind::kPartial, .argument = 1, .status = DataLoss("torn")};
  const std::string_view piece = "xy";
  EXPECT_EQ(file->WriteAt(6, {&piece, 1}).code(), Code::kDataLoss);
  files_.SetHook(nullptr);
  EXPECT_EQ(*files_.ImageNow().Find("/d/a"), "B...abx.");
  EXPECT_EQ(files_.FlipBit("/d/a", 0), Status::Ok());
  EXPECT_EQ(files_.ImageNow().Find("/d/a")->front(), 'C');
}

TEST_F(SimulatedDisk, WhatIsWrittenAgainAsItStandsIsNotAtRisk) {
  const auto file = OpenDurable("/d/a");
  Write(file.get(), 0, "abcd");
  ASSERT_EQ(file->Sync(), Status::Ok());
  Write(file.get(), 0, "abcd");
  for (uint64_t seed = 0; seed < 8; ++seed) {
    EXPECT_EQ(After({.mode = LossMode::kZeroed, .seed = seed}, "/d/a"), "abcd");
  }
  Write(file.get(), 0, "abxd");
  bool lost = false;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    lost |= After({.mode = LossMode::kZeroed, .seed = seed}, "/d/a") != "abxd";
  }
  EXPECT_TRUE(lost) << "but what differs is";
}

TEST_F(SimulatedDisk, AFullDiskRefusesToGrow) {
  const auto file = OpenDurable("/d/a");
  files_.SetCapacity(10);
  EXPECT_EQ(file->Preallocate(11).code(), Code::kResourceExhausted);
  EXPECT_EQ(file->SizeBytes().value_or(9), 0u);
  EXPECT_EQ(file->Preallocate(10), Status::Ok());
  Write(file.get(), 0, "0123456789");
  const std::string_view piece = "x";
  EXPECT_EQ(file->WriteAt(10, {&piece, 1}).code(), Code::kResourceExhausted);
  EXPECT_EQ(files_.Space("/d").value().available_bytes, 0u);
}

TEST_F(SimulatedDisk, ACrashEndsWhatWasOpen) {
  const auto file = OpenDurable("/d/a");
  const auto lock = files_.Lock("/d/lock");
  Write(file.get(), 0, "abcd");
  files_.Crash({.mode = LossMode::kEverything});
  EXPECT_THAT(file->Sync().message(), HasSubstr("crashed"));
  EXPECT_EQ(*files_.ImageNow().Find("/d/a"), "");
  EXPECT_TRUE(files_.Lock("/d/lock").ok());
}

TEST_F(SimulatedDisk, ImagesStartNewDisksAndEqualImagesHashEqual) {
  const auto file = OpenDurable("/d/a");
  Write(file.get(), 0, "abcd");
  ASSERT_EQ(file->Sync(), Status::Ok());
  const Image image = files_.ImageAfter({.mode = LossMode::kEverything});
  const SimulatedFileSystem other(image);
  EXPECT_EQ(other.ImageNow().Hash(), image.Hash());
  EXPECT_TRUE(other.Losses({}).size() == 1) << "all of it is durable";
  Write(file.get(), 0, "b");
  EXPECT_EQ(*image.Find("/d/a"), "abcd") << "an image never changes";
  EXPECT_NE(files_.ImageNow().Hash(), image.Hash());
}

}  // namespace
}  // namespace keel::simfs
