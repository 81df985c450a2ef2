#include "server/node/member_files.h"

#include <gtest/gtest.h>

#include "tests/simfs/simulated_file_system.h"

namespace keel::node {
namespace {

TEST(MemberFiles, KeepsItsIdAndCountsItsStarts) {
  simfs::SimulatedFileSystem files;
  NodeId id;
  {
    auto made = MemberFiles::Open(&files, {.directory = "/d", .cluster_token = "t", .random = 77});
    ASSERT_TRUE(made.ok()) << made.status();
    id = (*made)->record().member;
    EXPECT_EQ((*made)->vote().boot, 1u);
    EXPECT_EQ((*made)->record().phase, MemberPhase::kNew);
    const auto second = MemberFiles::Open(&files, {.directory = "/d"});
    EXPECT_EQ(second.status().code(), Code::kUnavailable);
  }
  files.Crash({.mode = simfs::LossMode::kEverything});
  auto again = MemberFiles::Open(&files, {.directory = "/d", .cluster_token = "t", .random = 78});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->record().member, id);
  EXPECT_EQ((*again)->vote().boot, 2u);
}

TEST(MemberFiles, RefusesAnotherClustersDirectoryAndSaysWhatToDo) {
  simfs::SimulatedFileSystem files;
  ASSERT_TRUE(
      MemberFiles::Open(&files, {.directory = "/d", .cluster_token = "a", .random = 1}).ok());
  const auto other = MemberFiles::Open(&files, {.directory = "/d", .cluster_token = "b"});
  EXPECT_EQ(other.status().code(), Code::kFailedPrecondition);
  EXPECT_NE(other.status().message().find("--initial-cluster-token"), std::string_view::npos);
}

TEST(MemberFiles, RefusesADirectoryThatHoldsSomethingElse) {
  simfs::SimulatedFileSystem files;
  ASSERT_TRUE(files.CreateDirectory("/d").ok());
  ASSERT_TRUE(files.OpenWritable("/d/photos", OpenMode::kCreateNew).ok());
  const auto opened = MemberFiles::Open(&files, {.directory = "/d", .random = 1});
  EXPECT_EQ(opened.status().code(), Code::kFailedPrecondition);
}

TEST(MemberFiles, RefusesEtcdsDirectoryAndLeavesItAsItIs) {
  simfs::SimulatedFileSystem files;
  for (const char* directory : {"/d", "/d/member", "/d/member/snap", "/d/member/wal"}) {
    ASSERT_TRUE(files.CreateDirectory(directory).ok());
  }
  const auto opened = MemberFiles::Open(&files, {.directory = "/d", .random = 1});
  EXPECT_EQ(opened.status().code(), Code::kFailedPrecondition);
  EXPECT_NE(opened.status().message().find("etcd's data"), std::string_view::npos);
  EXPECT_EQ(*files.List("/d"), std::vector<std::string>{"member"});
}

TEST(MemberFiles, DeletesNoFileThatItDidNotWrite) {
  for (const char* name : {"member", "vote", "member.new", "VERSION.new"}) {
    simfs::SimulatedFileSystem files;
    ASSERT_TRUE(files.CreateDirectory("/d").ok());
    const std::string path = std::string("/d/") + name;
    for (const std::string_view theirs : {"their own words", ""}) {
      auto file = files.OpenWritable(path, OpenMode::kCreateOrEmpty);
      ASSERT_TRUE(file.ok() && (*file)->WriteAt(0, {&theirs, 1}).ok() && (*file)->Close().ok());
      const auto opened = MemberFiles::Open(&files, {.directory = "/d", .random = 1});
      // What is empty is what a crash leaves of one's own.
      EXPECT_EQ(opened.ok(), theirs.empty()) << name << ' ' << opened.status();
      if (!theirs.empty()) {
        EXPECT_EQ(*files.List("/d"), std::vector<std::string>{name});
      }
    }
  }
}

// Pitfall 54: whoever lost its vote must not vote again.
TEST(MemberFiles, RefusesToRunWithoutItsVote) {
  simfs::SimulatedFileSystem files;
  ASSERT_TRUE(MemberFiles::Open(&files, {.directory = "/d", .random = 1}).ok());
  ASSERT_TRUE(files.Remove("/d/vote").ok());
  const auto opened = MemberFiles::Open(&files, {.directory = "/d", .random = 1});
  EXPECT_EQ(opened.status().code(), Code::kDataLoss);
  EXPECT_NE(opened.status().message().find("replace"), std::string_view::npos);
}

}  // namespace
}  // namespace keel::node
