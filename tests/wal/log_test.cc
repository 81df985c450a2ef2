// The log while it runs, and what a start finds of it: appends, replaced tails, segments,
// compaction, resets, full and failing disks.
#include "wal/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/wal/log_fixture.h"

namespace keel::wal {
namespace {

using simfs::Fault;
using simfs::LossMode;
using simfs::Operation;
using simfs::OperationKind;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class LogTest : public LogFixture {
 protected:
  // Fails every operation of one kind.
  void Break(OperationKind kind, Status status) {
    files_->SetHook([kind, status = std::move(status)](const Operation& operation) {
      if (operation.kind != kind) return Fault{};
      return Fault{.kind = Fault::Kind::kError, .status = status};
    });
  }
  void Mend() { files_->SetHook(nullptr); }
};

TEST_F(LogTest, AnEmptyDirectoryIsAnEmptyLog) {
  Open();
  EXPECT_FALSE(report_.found);
  EXPECT_EQ(log_->last(), At(0, 0));
  CrashAndOpen();
  EXPECT_TRUE(report_.found) << "the first segment is durable before Begin returns";
}

TEST_F(LogTest, WhatWasAppendedSurvivesACrash) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 3)), Status::Ok());
  ASSERT_EQ(Append({Entry(2, 4, "")}), Status::Ok());
  CrashAndOpen();
  EXPECT_EQ(found_.entries.size(), 4u);
  EXPECT_EQ(found_.entries[3], Entry(2, 4, ""));
  EXPECT_EQ(log_->last(), At(4, 2));
  EXPECT_EQ(log_->TermAt(Index(3)), Term(1));
  EXPECT_EQ(log_->TermAt(Index(5)), std::nullopt);
}

// The process dies between a batch's write and its sync, and the next one finds it in the system's
// cache. Found by the chaos tool: two losses of power after kills left no majority whole.
TEST_F(LogTest, WhatAStartHasReadIsDurableThoughItsWriterDiedBeforeTheSync) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 2)), Status::Ok());
  files_->SetHook([](const simfs::Operation& operation) -> simfs::Fault {
    const bool is_sync = operation.kind == OperationKind::kSync;
    return {.kind = is_sync ? simfs::Fault::Kind::kLost : simfs::Fault::Kind::kNone};
  });
  ASSERT_EQ(Append(Entries(1, 3, 1)), Status::Ok());
  files_->SetHook({});
  Open();
  ASSERT_EQ(found_.entries.size(), 3u);
  ASSERT_EQ(Append(Entries(1, 4, 1)), Status::Ok());
  CrashAndOpen();
  EXPECT_FALSE(report_.damage.has_value()) << report_.damage->ToString();
  EXPECT_EQ(found_.entries.size(), 4u);
}

// The system takes pages for clean whose sync has failed: another sync would do nothing.
TEST_F(LogTest, WhatAStartHasReadIsDurableThoughItsSyncHadFailed) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 2)), Status::Ok());
  Break(OperationKind::kSync, DataLoss("fdatasync /wal: Input/output error"));
  ASSERT_EQ(Append(Entries(1, 3, 1)).code(), Code::kDataLoss);
  Mend();
  Open();
  const size_t found = found_.entries.size();
  ASSERT_EQ(Append(Entries(1, found + 1, 1)), Status::Ok());
  CrashAndOpen();
  EXPECT_FALSE(report_.damage.has_value()) << report_.damage->ToString();
  EXPECT_EQ(found_.entries.size(), found + 1);
}

TEST_F(LogTest, ABatchIsOneWriteAndOneSync) {
  Open();
  int writes = 0;
  int syncs = 0;
  files_->SetHook([&](const Operation& operation) {
    if (operation.kind == OperationKind::kWrite) ++writes;
    if (operation.kind == OperationKind::kSync) ++syncs;
    return Fault{};
  });
  ASSERT_EQ(Append(Entries(1, 1, 50)), Status::Ok());
  EXPECT_EQ(writes, 1);
  EXPECT_EQ(syncs, 1);
}

// Or else the system would have to read the rest of the page first, when it has it no more.
TEST_F(LogTest, ABatchIsWrittenToTheEndOfItsPage) {
  Open();
  int writes = 0;
  files_->SetHook([&](const Operation& operation) {
    if (operation.kind != OperationKind::kWrite) return Fault{};
    ++writes;
    EXPECT_EQ((operation.offset + operation.size_bytes) % kFilePageBytes, 0u);
    return Fault{};
  });
  for (uint64_t first = 1; first <= 40; first += 4) {
    ASSERT_EQ(Append(Entries(1, first, 4)), Status::Ok());
  }
  EXPECT_EQ(writes, 10);
  files_->SetHook({});
  CrashAndOpen();
  EXPECT_EQ(log_->last(), At(40, 1));
}

TEST_F(LogTest, AnEntryAtALowerIndexReplacesTheTailForGood) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 10)), Status::Ok());
  ASSERT_EQ(Append({Entry(2, 5, "new")}), Status::Ok());
  EXPECT_EQ(log_->last(), At(5, 2));
  EXPECT_EQ(Read(4, 5).value(), (std::vector{Entries(1, 4, 1)[0], Entry(2, 5, "new")}));
  for (int restart = 0; restart < 2; ++restart) {
    CrashAndOpen();
    EXPECT_EQ(log_->last(), At(5, 2));
    EXPECT_EQ(found_.entries.size(), 5u);
    EXPECT_EQ(log_->TermAt(Index(4)), Term(1));
    EXPECT_EQ(log_->TermAt(Index(6)), std::nullopt);
  }
}

TEST_F(LogTest, OneBatchMayReplaceWhatItBegan) {
  Open();
  std::vector<StoredEntry> batch = Entries(1, 1, 4);
  batch.push_back(Entry(2, 3, "x"));
  batch.push_back(Entry(2, 4, "y"));
  ASSERT_EQ(Append(batch), Status::Ok());
  EXPECT_EQ(Read(1, 4)->back(), Entry(2, 4, "y"));
  CrashAndOpen();
  EXPECT_EQ(found_.entries[2], Entry(2, 3, "x"));
  EXPECT_EQ(found_.entries.size(), 4u);
}

TEST_F(LogTest, AFullSegmentIsFollowedByAnother) {
  Open();
  for (uint64_t index = 1; index <= 100; ++index) {
    ASSERT_EQ(Append({Entry(1, index, std::string(1000, 'a'))}), Status::Ok());
  }
  EXPECT_GT(log_->segments(), 5u);
  EXPECT_THAT(Read(1, 100).value(), SizeIs(100));
  CrashAndOpen();
  EXPECT_EQ(found_.entries.size(), 100u);
  EXPECT_THAT(Read(37, 64).value(), SizeIs(28));
}

TEST_F(LogTest, ABatchLongerThanASegmentGetsASegmentOfItsOwn) {
  Open();
  ASSERT_EQ(Append({Entry(1, 1, std::string(100'000, 'a'))}), Status::Ok());
  ASSERT_EQ(Append({Entry(1, 2, "b")}), Status::Ok());
  CrashAndOpen();
  EXPECT_EQ(found_.entries.size(), 2u);
  EXPECT_EQ(found_.entries[0].payload.size(), 100'000u);
}

TEST_F(LogTest, CompactionDropsWholeSegmentsAndRecyclesThem) {
  Open();
  for (uint64_t index = 1; index <= 100; ++index) {
    ASSERT_EQ(Append({Entry(1, index, std::string(1000, 'a'))}), Status::Ok());
  }
  const size_t before = log_->segments();
  ASSERT_EQ(log_->Compact(At(60, 1)), Status::Ok());
  EXPECT_LT(log_->segments(), before);
  EXPECT_EQ(log_->base(), At(60, 1));
  EXPECT_EQ(log_->TermAt(Index(60)), Term(1));
  EXPECT_EQ(log_->TermAt(Index(59)), std::nullopt);
  EXPECT_THAT(Files(), Contains(HasSubstr("spare-")).Times(2));
  CrashAndOpen();
  EXPECT_EQ(report_.base, At(60, 1));
  EXPECT_EQ(found_.entries.front().index, Index(61));
  EXPECT_EQ(found_.entries.size(), 40u);
  EXPECT_FALSE(report_.damage.has_value()) << report_.damage->ToString();
}

TEST_F(LogTest, CompactionOfAReplacedTailKeepsWhatReplacedIt) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 20, 500)), Status::Ok());
  ASSERT_EQ(Append(Entries(1, 21, 20, 500)), Status::Ok());
  ASSERT_EQ(Append(Entries(2, 10, 5, 500)), Status::Ok());
  ASSERT_EQ(log_->Compact(At(12, 2)), Status::Ok());
  ASSERT_EQ(log_->Compact(At(3, 1)), Status::Ok()) << "going back is nothing to do";
  CrashAndOpen();
  EXPECT_EQ(report_.base, At(12, 2));
  EXPECT_EQ(report_.last, At(14, 2));
  EXPECT_FALSE(report_.damage.has_value()) << report_.damage->ToString();
}

TEST_F(LogTest, CompactingToAnEntryThatIsNotThereIsRefused) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 5)), Status::Ok());
  EXPECT_EQ(log_->Compact(At(6, 1)).code(), Code::kInvalidArgument);
  EXPECT_EQ(log_->Compact(At(3, 2)).code(), Code::kInvalidArgument);
  EXPECT_EQ(log_->base(), At(0, 0));
}

TEST_F(LogTest, AResetStartsTheLogAnewBehindTheSnapshot) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 5)), Status::Ok());
  ASSERT_EQ(log_->Reset(At(100, 3)), Status::Ok());
  EXPECT_EQ(log_->last(), At(100, 3));
  ASSERT_EQ(Append(Entries(3, 101, 2)), Status::Ok());
  CrashAndOpen();
  EXPECT_EQ(report_.base, At(100, 3));
  EXPECT_EQ(found_.entries.size(), 2u);
  EXPECT_EQ(log_->TermAt(Index(100)), Term(3));
}

TEST_F(LogTest, AResetOverAConflictDropsAllThatIsBehind) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 10)), Status::Ok());
  ASSERT_EQ(log_->Reset(At(5, 2)), Status::Ok());
  CrashAndOpen();
  EXPECT_EQ(report_.last, At(5, 2));
  EXPECT_TRUE(found_.entries.empty());
}

TEST_F(LogTest, AnOlderSnapshotNeverDropsANewerLog) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 10)), Status::Ok());
  EXPECT_EQ(log_->Reset(At(5, 1)).code(), Code::kFailedPrecondition);
  ASSERT_EQ(log_->Compact(At(8, 1)), Status::Ok());
  EXPECT_EQ(log_->Reset(At(5, 1)).code(), Code::kInvalidArgument);
  EXPECT_EQ(log_->last(), At(10, 1));
}

TEST_F(LogTest, PreparedSegmentsAreWrittenAheadStepByStep) {
  Open();
  int steps = 0;
  while (!log_->Prepare().value()) ++steps;
  EXPECT_EQ(steps, 4) << "made, then 16 KiB in steps of 4 KiB";
  EXPECT_THAT(Files(), Contains(HasSubstr("spare-")));
  ASSERT_EQ(Append(Entries(1, 1, 10, 1000)), Status::Ok());
  ASSERT_EQ(Append(Entries(1, 11, 10, 1000)), Status::Ok());
  EXPECT_THAT(Files(), Not(Contains(HasSubstr("spare-"))));
  CrashAndOpen();
  EXPECT_EQ(found_.entries.size(), 20u);
}

TEST_F(LogTest, RestartsWithoutWritesDoNotPileUpSegments) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 2)), Status::Ok());
  for (int i = 0; i < 10; ++i) CrashAndOpen();
  EXPECT_EQ(log_->segments(), 2u);
  EXPECT_EQ(found_.entries.size(), 2u);
}

TEST_F(LogTest, AnAbandonedSegmentGivesItsRoomBack) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 2)), Status::Ok());
  CrashAndOpen();
  EXPECT_EQ(files_->SizeBytes(SegmentPath(1)).value(), 8192u);
}

TEST_F(LogTest, AFullDiskChangesNothingAndTheLogGoesOnWhenThereIsRoom) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 10, 1000)), Status::Ok());
  files_->SetCapacity(17 * 1024);
  EXPECT_EQ(Append(Entries(1, 11, 10, 1000)).code(), Code::kResourceExhausted);
  EXPECT_EQ(log_->last(), At(10, 1));
  ASSERT_EQ(Append(Entries(1, 11, 1, 100)), Status::Ok()) << "what fits is taken";
  EXPECT_EQ(Append(Entries(1, 12, 10, 1000)).code(), Code::kResourceExhausted);
  ASSERT_EQ(log_->Compact(At(9, 1)), Status::Ok()) << "compactions have room kept for them";
  files_->SetCapacity(0);
  ASSERT_EQ(Append(Entries(1, 12, 10, 1000)), Status::Ok());
  CrashAndOpen();
  EXPECT_EQ(report_.base, At(9, 1));
  EXPECT_EQ(report_.last, At(21, 1));
}

TEST_F(LogTest, ALogOnAFullDiskOpens) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 10, 1000)), Status::Ok());
  files_->SetCapacity(17 * 1024);
  EXPECT_EQ(Append(Entries(1, 11, 10, 1000)).code(), Code::kResourceExhausted);
  files_->Crash({.mode = LossMode::kNothing});
  EXPECT_EQ(RecoverIt().report.last, At(10, 1));
  auto log = Log::Begin(files_.get(), options_, {RecoverIt(), ++salt_});
  EXPECT_EQ(log.status().code(), Code::kResourceExhausted) << "reading needs no room, writing does";
  files_->SetCapacity(0);
  Open();
  EXPECT_EQ(found_.entries.size(), 10u);
}

TEST_F(LogTest, AFailedSyncIsFinal) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 2)), Status::Ok());
  Break(OperationKind::kSync, DataLoss("fdatasync /wal: Input/output error"));
  const Status failure = Append(Entries(1, 3, 1));
  EXPECT_EQ(failure.code(), Code::kDataLoss);
  Mend();
  EXPECT_EQ(Append(Entries(1, 3, 1)), failure);
  EXPECT_EQ(log_->Seal(), failure);
  EXPECT_EQ(log_->Compact(At(1, 1)), failure);
  EXPECT_EQ(log_->Reset(At(9, 1)), failure);
  EXPECT_EQ(log_->Prepare().status(), failure);
  EXPECT_EQ(log_->Close(), failure);
  CrashAndOpen();
  EXPECT_EQ(found_.entries.size(), 2u);
}

TEST_F(LogTest, AFailedSyncOfNamesIsFinalToo) {
  Open();
  Break(OperationKind::kSyncDirectory, DataLoss("fsync /wal: Input/output error"));
  ASSERT_EQ(Append(Entries(1, 1, 10, 1000)), Status::Ok());
  EXPECT_EQ(Append(Entries(1, 11, 10, 1000)).code(), Code::kDataLoss);
  Mend();
  EXPECT_EQ(Append(Entries(1, 11, 1)).code(), Code::kDataLoss);
}

TEST_F(LogTest, ASealIsWrittenOnceAfterWork) {
  Open();
  ASSERT_EQ(log_->Seal(), Status::Ok());
  EXPECT_EQ(log_->counters().seals, 0u);
  ASSERT_EQ(Append(Entries(1, 1, 2)), Status::Ok());
  ASSERT_EQ(log_->Seal(), Status::Ok());
  ASSERT_EQ(log_->Seal(), Status::Ok());
  EXPECT_EQ(log_->counters().seals, 1u);
}

TEST_F(LogTest, ACleanCloseIsSeen) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 2)), Status::Ok());
  ASSERT_EQ(log_->Close(), Status::Ok());
  Open();
  EXPECT_TRUE(report_.closed_cleanly);
  ASSERT_EQ(Append(Entries(1, 3, 2)), Status::Ok());
  Open();
  EXPECT_FALSE(report_.closed_cleanly);
}

TEST_F(LogTest, APlanReadsWhatWasThereThoughTheLogHasGoneOn) {
  Open();
  for (uint64_t index = 1; index <= 40; ++index) {
    ASSERT_EQ(Append({Entry(1, index, std::string(1000, 'a'))}), Status::Ok());
  }
  const ReadPlan plan = log_->PlanRead(Index(1), Index(40)).value();
  ASSERT_EQ(log_->Compact(At(35, 1)), Status::Ok());
  ASSERT_EQ(Append(Entries(2, 38, 40, 1000)), Status::Ok());
  ASSERT_EQ(Append(Entries(2, 78, 40, 1000)), Status::Ok());
  uint64_t next = 1;
  EXPECT_EQ(plan.Run([&next](const EntryView& entry) {
    EXPECT_EQ(entry.index, Index(next++));
    EXPECT_EQ(entry.term, Term(1));
    return Status();
  }),
            Status::Ok());
  EXPECT_EQ(next, 41u);
}

TEST_F(LogTest, AVisitorsFailureEndsTheReading) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 5)), Status::Ok());
  const ReadPlan plan = log_->PlanRead(Index(2), Index(4)).value();
  int seen = 0;
  const auto stop = [&seen](const EntryView&) {
    return ++seen == 2 ? Aborted("enough") : Status();
  };
  EXPECT_EQ(plan.Run(stop).code(), Code::kAborted);
  EXPECT_EQ(seen, 2);
}

TEST_F(LogTest, RotIsFoundWhenAnEntryIsReadBack) {
  Open();
  ASSERT_EQ(Append({Entry(1, 1, std::string(1000, 'a'))}), Status::Ok());
  ASSERT_EQ(files_->FlipBit(SegmentPath(1), (kFirstRecordOffset + 500) * 8), Status::Ok());
  const Status status = Read(1, 1).status();
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr(SegmentPath(1) + ": damage at offset 4176"));
  EXPECT_THAT(status.message(), HasSubstr("keelctl member replace"));
}

TEST_F(LogTest, TheLogOfAnotherMemberIsRefused) {
  Open();
  options_.member = NodeId(8);
  Collector collector;
  const Status status = Recover(files_.get(), options_, &collector).status();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("member 7"));
}

using LogDeathTest = LogTest;

TEST_F(LogDeathTest, AGapIsABug) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 2)), Status::Ok());
  EXPECT_DEATH((void)Append(Entries(1, 4, 1)), "entry 4 after 2");
}

}  // namespace
}  // namespace keel::wal
