// What a loss of power takes, by the journals that the library in the servers has kept.
#include "jepsen/cluster/shims.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace keel::jepsen {
namespace {

class ShimsTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "keel_shims_" +
                 testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_ + "/n1");
    std::filesystem::create_directories(directory_ + "/n1.undo");
    auto shims = Shims::Make({.directory = directory_, .library = "", .nodes = 1});
    ASSERT_TRUE(shims.ok()) << shims.status();
    shims_ = *std::move(shims);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string Path() const { return directory_ + "/n1/file"; }

  void Is(const std::string& text) const { std::ofstream(Path(), std::ios::binary) << text; }
  [[nodiscard]] std::string Text() const {
    std::ifstream file(Path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // As the library would note it before the write.
  struct Written {
    uint64_t at_us = 0;
    uint64_t offset = 0;
    std::string old;
    uint64_t old_size = 0;
  };
  void Note(const Written& written) const {
    struct stat status {};
    ASSERT_EQ(::stat(Path().c_str(), &status), 0);
    const UndoRecord record{.at_us = written.at_us,
                            .offset = written.offset,
                            .old_bytes = written.old.size(),
                            .old_zeros = 0,
                            .old_size = written.old_size};
    std::ofstream journal(directory_ + "/n1.undo/" + std::to_string(status.st_ino),
                          std::ios::binary | std::ios::app);
    journal.write(reinterpret_cast<const char*>(&record), sizeof(record));
    journal << written.old;
  }

  std::string directory_;
  std::unique_ptr<Shims> shims_;
};

TEST_F(ShimsTest, AppendsAreCutOff) {
  Is("onetwothree");
  Note({.at_us = 1, .offset = 3, .old = "", .old_size = 3});
  Note({.at_us = 2, .offset = 6, .old = "", .old_size = 6});
  EXPECT_EQ(shims_->LoseUnsynced(0, 0).value(), 2U);
  EXPECT_EQ(Text(), "one");
}

TEST_F(ShimsTest, OnlyWhatIsLateIsLost) {
  Is("onetwothree");
  Note({.at_us = 1, .offset = 3, .old = "", .old_size = 3});
  Note({.at_us = 2, .offset = 6, .old = "", .old_size = 6});
  EXPECT_EQ(shims_->LoseUnsynced(0, 2).value(), 1U);
  EXPECT_EQ(Text(), "onetwo");
}

TEST_F(ShimsTest, WhatWasOverwrittenTwiceIsAsBeforeTheFirst) {
  Is("cc345");
  Note({.at_us = 1, .offset = 0, .old = "12", .old_size = 5});
  Note({.at_us = 2, .offset = 0, .old = "bb", .old_size = 5});
  EXPECT_EQ(shims_->LoseUnsynced(0, 0).value(), 2U);
  EXPECT_EQ(Text(), "12345");
}

TEST_F(ShimsTest, WhatWasCutOffAndWrittenAnewIsThereAgain) {
  // 12345 was cut to 12, then grew to 12xyz6.
  Is("12xyz6");
  Note({.at_us = 1, .offset = 2, .old = "345", .old_size = 5});
  Note({.at_us = 2, .offset = 2, .old = "", .old_size = 2});
  EXPECT_EQ(shims_->LoseUnsynced(0, 0).value(), 2U);
  EXPECT_EQ(Text(), "12345");
}

TEST_F(ShimsTest, WhatGrewAndWasCutAgainStaysCut) {
  // 12 grew to 12345 and was cut to nothing.
  Is("");
  Note({.at_us = 1, .offset = 2, .old = "", .old_size = 2});
  Note({.at_us = 2, .offset = 0, .old = "12345", .old_size = 5});
  EXPECT_EQ(shims_->LoseUnsynced(0, 0).value(), 2U);
  EXPECT_EQ(Text(), "12");
}

}  // namespace
}  // namespace keel::jepsen
