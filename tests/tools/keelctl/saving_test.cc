#include "tools/keelctl/commands/saving.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "backup/snapshot_check.h"
#include "net/system_clock.h"
#include "tests/backup/backup_world.h"

namespace keel::ctl {
namespace {

using Answers = std::vector<etcdserverpb::SnapshotResponse>;

class SavingTest : public testing::Test {
 protected:
  SavingTest() {
    std::filesystem::create_directory(directory_);
    backup::FillStore(&world_);
  }
  ~SavingTest() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] static Answers AnswersOf(const std::vector<std::string>& blobs) {
    Answers answers;
    for (const std::string& blob : blobs) answers.emplace_back().set_blob(blob);
    answers.front().mutable_header()->set_cluster_id(77);
    return answers;
  }
  // As a server sends it that does not know what chunks are.
  [[nodiscard]] Answers Plain() {
    const std::string stream = backup::StreamOf(world_.store().view());
    std::vector<std::string> blobs;
    for (size_t at = 0; at < stream.size(); at += 1'000) blobs.push_back(stream.substr(at, 1'000));
    return AnswersOf(blobs);
  }
  [[nodiscard]] Answers InChunks() { return AnswersOf(backup::ChunksOf(world_.store().view())); }
  Status Save(const Answers& answers) {
    Saving saving({.path = path_, .clock = &clock_});
    KEEL_RETURN_IF_ERROR(saving.Begin());
    for (const auto& answer : answers) KEEL_RETURN_IF_ERROR(saving.Add(answer));
    return saving.Finish();
  }
  void ExpectSaved() {
    const auto source = backup::OpenSnapshotFile({.files = &files_, .path = path_});
    ASSERT_TRUE(source.ok()) << source.status();
    const auto found = backup::CheckSnapshot(source->get(), nullptr);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(found->state, world_.store().state());
    EXPECT_EQ((*source)->summary().cluster_id, 77u);
  }
  void ExpectNothingThere() { EXPECT_TRUE(std::filesystem::is_empty(directory_)); }

  const std::string directory_ =
      testing::TempDir() + "keel_saving_test_" + std::to_string(::getpid());
  const std::string path_ = directory_ + "/saved.keel";
  PosixFileSystem files_;
  net::SystemClock clock_;
  kv::StoreWorld world_;
};

TEST_F(SavingTest, ChunksAndThePlainStreamOfAnOlderServerBecomeFilesOfTheSameState) {
  for (const Answers& answers : {InChunks(), Plain()}) {
    const Status saved = Save(answers);
    ASSERT_TRUE(saved.ok()) << saved;
    ExpectSaved();
    std::filesystem::remove(path_);
  }
}

TEST_F(SavingTest, AnAnswerThatLacksItsEndLeavesNothing) {
  for (Answers answers : {InChunks(), Plain()}) {
    while (!answers.empty()) {
      answers.pop_back();
      ASSERT_FALSE(Save(answers).ok()) << answers.size();
      ExpectNothingThere();
    }
  }
}

// Each way of sending verifies as it goes: a message of the other way is no part of it.
TEST_F(SavingTest, TheWayOfSendingDoesNotChangeOnTheWay) {
  Answers mixed = InChunks();
  mixed.back() = Plain().back();
  EXPECT_EQ(Save(mixed).code(), Code::kDataLoss);
  ExpectNothingThere();
  mixed = Plain();
  mixed.back() = InChunks().back();
  EXPECT_EQ(Save(mixed).code(), Code::kDataLoss);
  ExpectNothingThere();
}

}  // namespace
}  // namespace keel::ctl
