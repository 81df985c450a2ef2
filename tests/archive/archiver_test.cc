#include "server/archive/archiver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/archive/archiver_world.h"

namespace keel::server {
namespace {

using testing::IsEmpty;

TEST_F(ArchiverTest, WhatIsCommittedIsArchivedWithinASecond) {
  PutFor(1'000);
  uint64_t worst_ms = 0;
  for (int i = 0; i < 500; ++i) {
    Put();
    world_.RunFor(10 * kMs);
    const ArchiveCounts counts = leader().archiver.counts();
    worst_ms = std::max(worst_ms, counts.exposure_ms);
    const Index oldest = counts.shipped.Next();
    if (oldest <= log_.last()) {
      const uint64_t waits_ms = (world_.now_us() - log_.CommittedUs(oldest)) / kMs;
      EXPECT_LE(waits_ms, counts.exposure_ms + 1) << "exposure is never told too small";
    }
  }
  EXPECT_LE(worst_ms, 1'000u);
  EXPECT_FALSE(leader().archiver.counts().has_alarm);
  world_.RunFor(3'000 * kMs);
  EXPECT_EQ(leader().archiver.counts().exposure_ms, 0u);
  const auto report = Verified();
  EXPECT_EQ(report.begin.index.value() + report.entries, report.end.index.value());
  EXPECT_GE(report.end.index, Index(number_));
}

TEST_F(ArchiverTest, OneThatHasJustBegunToLeadDoesNotSayThatAllIsWell) {
  EXPECT_GT(leader().archiver.counts().exposure_ms, 0u);
  PutFor(2'000);
  world_.RunFor(3'000 * kMs);
  EXPECT_EQ(leader().archiver.counts().exposure_ms, 0u);
  Lead(1);
  EXPECT_GT(leader().archiver.counts().exposure_ms, 0u);
  EXPECT_EQ(members_[0]->archiver.counts().exposure_ms, 0u);
}

// Their clocks are five seconds apart; the log's time never goes back.
TEST_F(ArchiverTest, LeadersTakeTurnsWithoutGapOrOverlap) {
  for (int turn = 0; turn < 6; ++turn) {
    Lead(turn % 2);
    PutFor(700);
  }
  world_.RunFor(3'000 * kMs);
  const auto report = Verified();
  EXPECT_THAT(report.gaps, IsEmpty());
  EXPECT_EQ(report.begin.index.value() + report.entries, report.end.index.value());
  const auto catalogue = backup::Catalogue::Of(members_[0]->store.List().value());
  EXPECT_EQ(catalogue.bases.size(), 1u);
  Index at = report.begin.index;
  for (const backup::SegmentObject& segment : catalogue.segments) {
    EXPECT_EQ(segment.first, at.Next()) << "no entry is archived twice";
    at = segment.last;
  }
}

TEST_F(ArchiverTest, ADeposedLeaderThatWritesOnDoesNoHarm) {
  PutFor(700);
  Member& old = leader();
  old.ship.SetStalled(true);
  Lead(1);
  PutFor(700);
  old.ship.SetStalled(false);
  PutFor(700);
  Lead(0);
  PutFor(700);
  world_.RunFor(3'000 * kMs);
  const auto report = Verified();
  EXPECT_THAT(report.gaps, IsEmpty());
  EXPECT_EQ(report.begin.index.value() + report.entries, report.end.index.value());
}

TEST_F(ArchiverTest, AnArchiveThatFailsRaisesTheAlarmAndCatchesUp) {
  PutFor(1'000);
  FailWrites();
  PutFor(3'000);
  ArchiveCounts counts = leader().archiver.counts();
  EXPECT_TRUE(counts.has_alarm);
  EXPECT_GE(counts.failures, 2u);
  EXPECT_GE(counts.exposure_ms, 2'000u);
  Mend();
  PutFor(3'000);
  counts = leader().archiver.counts();
  EXPECT_FALSE(counts.has_alarm);
  EXPECT_LE(counts.exposure_ms, 1'000u);
  EXPECT_EQ(counts.gaps, 0u);
  EXPECT_THAT(Verified().gaps, IsEmpty());
}

TEST_F(ArchiverTest, ASlowArchiveRaisesTheAlarm) {
  PutFor(1'000);
  leader().ship.SetStalled(true);
  PutFor(9'000);
  EXPECT_FALSE(leader().archiver.counts().has_alarm);
  PutFor(2'000);
  EXPECT_TRUE(leader().archiver.counts().has_alarm);
  leader().ship.SetStalled(false);
  PutFor(2'000);
  EXPECT_FALSE(leader().archiver.counts().has_alarm);
}

TEST_F(ArchiverTest, AQuietClusterWritesNothingButTheTip) {
  PutFor(500);
  world_.RunFor(25'000 * kMs);  // the base of what was put is there
  const uint64_t segments = leader().archiver.counts().segments;
  const Index last = log_.last();
  const uint64_t wall_ms = leader().clock.WallMs();
  world_.RunFor(60'000 * kMs);
  EXPECT_EQ(leader().archiver.counts().segments, segments);
  EXPECT_EQ(leader().archiver.counts().bases, 2u);
  EXPECT_EQ(log_.last(), last) << "marks do not call for marks";
  const auto report = Verified();
  EXPECT_GE(report.whole_until_ms, wall_ms + 40'000);
}

// One that was stamped before may be committed after.
TEST_F(ArchiverTest, NoMomentIsVouchedForWhileAWriteIsUnderWay) {
  PutFor(500);
  world_.RunFor(25'000 * kMs);
  log_.is_idle = false;
  world_.RunFor(15'000 * kMs);
  const uint64_t whole_until_ms = Verified().whole_until_ms;
  world_.RunFor(60'000 * kMs);
  EXPECT_EQ(Verified().whole_until_ms, whole_until_ms);
}

TEST_F(ArchiverTest, BasesFollowOneAnotherWhileWritesGoOnAndOldOnesGo) {
  PutFor(30'000);
  EXPECT_EQ(Verified().bases, 2u);
  PutFor(70'000);
  const auto report = Verified();
  EXPECT_THAT(report.gaps, IsEmpty());
  EXPECT_EQ(leader().archiver.counts().bases, 5u);
  const uint64_t now_ms = leader().clock.WallMs();
  EXPECT_LE(report.begin.time_ms, now_ms - 40'000) << "all of the kept time can be restored";
  EXPECT_GE(report.begin.time_ms, now_ms - 82'000) << "and not much more";
}

TEST_F(ArchiverTest, SmallSegmentsBecomeLargerOnes) {
  PutFor(40'000);
  const auto catalogue = backup::Catalogue::Of(members_[0]->store.List().value());
  EXPECT_GT(leader().archiver.counts().segments, 100u);
  EXPECT_LT(catalogue.segments.size(), 80u);
  const auto report = Verified();
  EXPECT_EQ(report.begin.index.value() + report.entries, report.end.index.value());
}

}  // namespace
}  // namespace keel::server
