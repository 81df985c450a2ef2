// The vote file: never back, whatever is torn, and whatever rots.
#include "wal/vote_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/simfs/simulated_file_system.h"

namespace keel::wal {
namespace {

using simfs::Fault;
using simfs::Image;
using simfs::Loss;
using simfs::Operation;
using simfs::OperationKind;
using simfs::SimulatedFileSystem;
using ::testing::HasSubstr;

class VoteFileTest : public ::testing::Test {
 protected:
  VoteFileTest() {
    EXPECT_EQ(files_->CreateDirectory("/node"), Status::Ok());
    EXPECT_EQ(files_->SyncDirectory("/"), Status::Ok());
  }

  void Create() {
    auto votes = VoteFile::Create(files_.get(), options_);
    ASSERT_TRUE(votes.ok()) << votes.status();
    votes_ = std::move(votes).value();
  }
  void Open() {
    votes_.reset();
    auto votes = VoteFile::Open(files_.get(), options_);
    ASSERT_TRUE(votes.ok()) << votes.status();
    votes_ = std::move(votes).value();
  }
  Status Save(uint64_t term, uint64_t vote) {
    return votes_->Save({.term = Term(term), .vote = NodeId(vote)});
  }
  void Flip(uint64_t offset) { ASSERT_EQ(files_->FlipBit("/node/vote", offset * 8), Status::Ok()); }

  VoteFile::Options options_ = {.path = "/node/vote", .group = 0, .member = NodeId(7)};
  std::unique_ptr<SimulatedFileSystem> files_ = std::make_unique<SimulatedFileSystem>();
  std::unique_ptr<VoteFile> votes_;
};

TEST_F(VoteFileTest, ItIsMadeOnceAndKeepsWhatWasSaved) {
  EXPECT_EQ(VoteFile::Open(files_.get(), options_).status().code(), Code::kNotFound);
  Create();
  EXPECT_EQ(votes_->record(), (VoteRecord{.boot = 1}));
  EXPECT_EQ(VoteFile::Create(files_.get(), options_).status().code(), Code::kAlreadyExists);
  ASSERT_EQ(Save(3, 2), Status::Ok());
  ASSERT_EQ(votes_->SetDamaged(true), Status::Ok());
  ASSERT_EQ(votes_->SetHasLog(true), Status::Ok());
  files_->Crash({.mode = simfs::LossMode::kEverything});
  Open();
  EXPECT_EQ(
      votes_->record(),
      (VoteRecord{
          .term = Term(3), .vote = NodeId(2), .boot = 2, .is_damaged = true, .has_log = true}));
}

TEST_F(VoteFileTest, TheBootCountFollowsTheClockAndNeverGoesBack) {
  options_.boot_min = 1'000;
  Create();
  EXPECT_EQ(votes_->record().boot, 1'000u);
  options_.boot_min = 5'000;
  Open();
  EXPECT_EQ(votes_->record().boot, 5'000u);
  options_.boot_min = 2'000;  // the clock was set back
  Open();
  EXPECT_EQ(votes_->record().boot, 5'001u);
}

TEST_F(VoteFileTest, EveryOpeningIsCountedDurably) {
  Create();
  for (uint64_t boot = 2; boot < 6; ++boot) {
    files_->Crash({.mode = simfs::LossMode::kEverything});
    Open();
    EXPECT_EQ(votes_->record().boot, boot);
  }
}

TEST_F(VoteFileTest, ASaveIsTwoWritesEachWithASync) {
  Create();
  std::string trace;
  files_->SetHook([&trace](const Operation& operation) {
    if (operation.kind == OperationKind::kWrite) {
      trace += "w" + std::to_string(operation.offset) + " ";
    }
    if (operation.kind == OperationKind::kSync) trace += "s ";
    return Fault{};
  });
  ASSERT_EQ(Save(1, 7), Status::Ok());
  EXPECT_EQ(trace, "w0 s w4096 s ");
}

TEST_F(VoteFileTest, AnyBytesOfOneSlotMayRot) {
  Create();
  ASSERT_EQ(Save(5, 2), Status::Ok());
  ASSERT_EQ(Save(6, 3), Status::Ok());
  const Image image = files_->ImageNow();
  for (uint64_t offset = 0; offset < kVoteFileBytes; ++offset) {
    files_ = std::make_unique<SimulatedFileSystem>(image);
    Flip(offset);
    Open();
    EXPECT_EQ(votes_->record().term, Term(6)) << offset;
    EXPECT_EQ(votes_->record().vote, NodeId(3)) << offset;
    const bool in_a_slot = offset % 4096 < kVoteSlotBytes;
    EXPECT_EQ(votes_->slots_repaired(), in_a_slot ? 1 : 0) << offset;
  }
}

TEST_F(VoteFileTest, OpeningMendsTheSlotThatRotted) {
  Create();
  ASSERT_EQ(Save(6, 3), Status::Ok());
  Flip(20);
  Open();
  Flip(4096 + 20);
  Open();
  EXPECT_EQ(votes_->record().term, Term(6));
}

TEST_F(VoteFileTest, WithoutAValidSlotTheMemberDoesNotStart) {
  Create();
  Flip(20);
  Flip(4096 + 20);
  const Status status = VoteFile::Open(files_.get(), options_).status();
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("/node/vote"));
  EXPECT_THAT(status.message(), HasSubstr("offsets 0 and 4096"));
  EXPECT_THAT(status.message(), HasSubstr("keelctl member replace"));
}

TEST_F(VoteFileTest, TheVoteOfAnotherMemberIsRefused) {
  Create();
  options_.member = NodeId(8);
  EXPECT_EQ(VoteFile::Open(files_.get(), options_).status().code(), Code::kFailedPrecondition);
}

TEST_F(VoteFileTest, ACrashAnywhereShowsTheOldVoteOrTheNewOne) {
  Create();
  ASSERT_EQ(Save(5, 2), Status::Ok());
  int states = 0;
  files_->SetHook([&](const Operation& operation) {
    if (!ChangesDisk(operation.kind)) return Fault{};
    for (const Loss& loss : files_->Losses({.seeds = 10})) {
      SimulatedFileSystem after(files_->ImageAfter(loss));
      const auto votes = VoteFile::Open(&after, options_);
      EXPECT_TRUE(votes.ok()) << votes.status() << " " << loss.ToString();
      if (!votes.ok()) continue;
      const Term term = (*votes)->record().term;
      EXPECT_TRUE(term == Term(5) || term == Term(6)) << loss.ToString();
      ++states;
    }
    return Fault{};
  });
  ASSERT_EQ(Save(6, 1), Status::Ok());
  EXPECT_GT(states, 20);
}

TEST_F(VoteFileTest, AFailedSyncIsFinal) {
  Create();
  files_->SetHook([](const Operation& operation) {
    if (operation.kind != OperationKind::kSync) return Fault{};
    return Fault{.kind = Fault::Kind::kError, .status = DataLoss("fdatasync: I/O error")};
  });
  const Status failure = Save(1, 2);
  EXPECT_EQ(failure.code(), Code::kDataLoss);
  files_->SetHook(nullptr);
  EXPECT_EQ(Save(1, 2), failure);
  EXPECT_EQ(votes_->record().term, Term(0)) << "what is not durable is not said";
}

using VoteFileDeathTest = VoteFileTest;

TEST_F(VoteFileDeathTest, ASecondVoteInOneTermIsABug) {
  Create();
  ASSERT_EQ(Save(3, 2), Status::Ok());
  EXPECT_DEATH((void)Save(3, 1), "second vote in term 3");
  EXPECT_DEATH((void)Save(2, 1), "term goes back");
}

}  // namespace
}  // namespace keel::wal
