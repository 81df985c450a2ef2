// What is lost and what is not: leaders that die, archives that fail, logs that do not wait.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "backup/archive/segment.h"
#include "tests/archive/archiver_world.h"

namespace keel::server {
namespace {

using testing::IsEmpty;

TEST_F(ArchiverTest, PastTheBoundOfTheLogThereIsAGapAndANewBase) {
  PutFor(1'000);
  FailWrites();
  PutFor(2'000);
  log_.base = log_.last();  // the bound was reached
  PutFor(2'000);
  EXPECT_TRUE(leader().archiver.counts().has_alarm);
  EXPECT_EQ(leader().archiver.counts().gaps, 1u);
  Mend();
  PutFor(4'000);
  EXPECT_FALSE(leader().archiver.counts().has_alarm);
  const auto report = Verified();
  ASSERT_EQ(report.gaps.size(), 1u);
  EXPECT_GE(report.gaps.front().missing.last, log_.base);
  EXPECT_EQ(report.bases, 2u);
  // Whoever leads next goes on behind the new base.
  Lead(1);
  PutFor(1'000);
  EXPECT_EQ(leader().archiver.counts().gaps, 0u);
  EXPECT_EQ(Verified().gaps.size(), 1u);
}

// The power goes for the archive once its writer has died in the middle of a put, and once the next
// leader has gone on behind what it found.
TEST_F(ArchiverTest, WhatADeadLeaderLeftUnsyncedIsMadeDurableBeforeItCounts) {
  PutFor(1'000);
  for (int turn = 0; turn < 4; ++turn) {
    FailSyncsOfNames();
    PutFor(1'000);  // what it puts now is seen, and not durable
    world_.RunFor(2'500 * kMs);
    Mend();
    Lead(1 - log_.leader);
    world_.RunFor(3'000 * kMs);  // with nothing new to put
    log_.base = log_.marked;     // nothing but the archive has it now
    files_.Crash({.mode = simfs::LossMode::kEverything});
    PutFor(1'000);
  }
  world_.RunFor(3'000 * kMs);
  const auto report = Verified();
  EXPECT_THAT(report.gaps, IsEmpty());
  EXPECT_EQ(report.begin.index.value() + report.entries, report.end.index.value());
}

TEST_F(ArchiverTest, TheDirectoryThatADeadLeaderMadeIsMadeDurable) {
  files_.SetHook([](const simfs::Operation& operation) {
    simfs::Fault fault;
    if (operation.kind == simfs::OperationKind::kSyncDirectory && operation.path == "/") {
      fault = {.kind = simfs::Fault::Kind::kError, .status = Unavailable("gone")};
    }
    return fault;
  });
  PutFor(1'000);
  files_.SetHook({});
  Lead(1);
  PutFor(1'000);
  log_.base = log_.marked;
  files_.Crash({.mode = simfs::LossMode::kEverything});
  PutFor(2'000);
  EXPECT_THAT(Verified().gaps, IsEmpty());
  EXPECT_EQ(leader().archiver.counts().gaps, 0u);
}

// Its note cannot be written, nor anything else, until the leader is another one; a base that was
// under way when the archive filled up stands behind the gap meanwhile.
TEST_F(ArchiverTest, AGapThatCouldNotBeNotedIsNotedBeforeAnythingComesBehindIt) {
  PutFor(1'000);
  FailWrites();
  PutFor(500);
  const Index behind = leader().archiver.counts().shipped;
  log_.base = log_.last();
  PutFor(2'000);
  EXPECT_EQ(leader().archiver.counts().gaps, 1u) << "told by numbers at once";
  Lead(1);
  PutFor(2'000);
  std::vector<std::string> order;
  files_.SetHook([&order](const simfs::Operation& operation) {
    if (operation.kind == simfs::OperationKind::kRename) order.push_back(operation.path);
    return simfs::Fault();
  });
  PutFor(3'000);
  files_.SetHook({});
  ASSERT_FALSE(order.empty());
  EXPECT_THAT(order.front(), testing::HasSubstr(backup::GapName(behind)));
  EXPECT_EQ(Verified().gaps.size(), 1u);
  EXPECT_EQ(leader().archiver.counts().gaps, 1u);
}

// Its name was there when the sync of it failed: the next try finds it, and whatever the log has
// lost behind it by then is a gap of its own.
TEST_F(ArchiverTest, ABaseThatFailedAndIsThereAllTheSameIsTakenForOne) {
  PutFor(1'000);
  FailWrites();
  PutFor(500);
  log_.base = log_.last();
  std::string renamed;
  files_.SetHook([&renamed](const simfs::Operation& operation) {
    simfs::Fault fault;
    if (operation.kind == simfs::OperationKind::kRename) renamed = operation.path;
    if (operation.kind == simfs::OperationKind::kSyncDirectory && renamed.ends_with(".keel")) {
      fault = {.kind = simfs::Fault::Kind::kError, .status = Unavailable("gone")};
    }
    return fault;
  });
  PutFor(4'000);
  ASSERT_NE(renamed, "");
  log_.base = log_.last();
  files_.SetHook({});
  PutFor(4'000);
  const auto objects = leader().store.List();
  ASSERT_TRUE(objects.ok()) << objects.status();
  const backup::Catalogue catalogue = backup::Catalogue::Of(*objects);
  EXPECT_GE(catalogue.bases.size(), 3u);
  for (const backup::BaseObject& base : catalogue.bases) {
    const bool leads_on = std::ranges::any_of(catalogue.segments, [&](const auto& segment) {
      return segment.first <= base.index.Next() && base.index < segment.last;
    });
    EXPECT_TRUE(leads_on || catalogue.HasGapNote(base.index)) << base.name;
  }
  EXPECT_THAT(Verified().gaps, testing::Not(IsEmpty()));
}

TEST_F(ArchiverTest, ABaseBehindWhatTheLogLostIsNoBridgeThatNobodyTold) {
  PutFor(19'000);
  // A base is written, and not what leads on to it; then its leader dies.
  files_.SetHook([](const simfs::Operation& operation) {
    simfs::Fault fault;
    if (operation.kind == simfs::OperationKind::kWrite && operation.path.ends_with(".kseg")) {
      fault = {.kind = simfs::Fault::Kind::kError, .status = ResourceExhausted("no space")};
    }
    return fault;
  });
  PutFor(6'000);
  files_.SetHook({});
  const auto catalogue = backup::Catalogue::Of(members_[0]->store.List().value());
  ASSERT_EQ(catalogue.bases.size(), 2u);
  const Index end = catalogue.segments.back().last;
  ASSERT_LT(end, catalogue.bases.back().index);
  log_.base = catalogue.bases.back().index;
  Lead(1);
  PutFor(2'000);
  EXPECT_EQ(leader().archiver.counts().gaps, 1u);
  EXPECT_TRUE(backup::Catalogue::Of(members_[0]->store.List().value()).HasGapNote(end));
  EXPECT_EQ(Verified().gaps.size(), 1u);
}

// Its put was under way when the next leader gave the archive up there.
TEST_F(ArchiverTest, WhatComesTooLateBehindAGapCountsForNothing) {
  PutFor(1'000);
  const Index behind = leader().archiver.counts().shipped;
  std::vector<backup::ArchivedEntry> entries;
  for (Index at = behind.Next(); at <= log_.last(); at = at.Next()) {
    entries.push_back({.term = log_.term, .time_ms = leader().clock.WallMs(), .payload = "late"});
  }
  ASSERT_FALSE(entries.empty());
  const auto last = backup::Catalogue::Of(members_[0]->store.List().value()).segments.back();
  const std::string bytes = members_[0]->store.Get(last.name).value();
  const auto segment = backup::OpenSegment({.name = last.name, .bytes = bytes, .key = {}});
  const auto sealed = backup::SealSegment(
      {.cluster_id = kCluster, .previous = segment->trailer.last, .entries = entries}, "");
  log_.base = log_.last();
  Lead(1);
  PutFor(1'500);
  ASSERT_TRUE(
      members_[0]
          ->store.Put(backup::SegmentName({behind.Next(), sealed->last.index}), sealed->bytes)
          .ok());
  Lead(0);
  PutFor(1'500);
  EXPECT_EQ(Verified().gaps.size(), 1u);
}

TEST_F(ArchiverTest, AnArchiveThatWasEmptiedBeginsAnew) {
  PutFor(1'000);
  const std::vector<backup::ObjectInfo> objects = members_[0]->store.List().value();
  for (const backup::ObjectInfo& object : objects) {
    ASSERT_TRUE(members_[0]->store.Remove(object.name).ok());
  }
  Lead(1);
  PutFor(2'000);
  const auto report = Verified();
  EXPECT_EQ(report.bases, 1u);
  EXPECT_GT(report.entries, 50u);
  EXPECT_EQ(leader().archiver.counts().gaps, 1u) << "as if it were not mounted";
}

TEST_F(ArchiverTest, WhatCannotBeJoinedStaysInParts) {
  size_t refused = 0;
  files_.SetHook([&refused](const simfs::Operation& operation) {
    simfs::Fault fault;
    // No single segment is as large here.
    if (operation.kind == simfs::OperationKind::kWrite && operation.path.ends_with(".kseg") &&
        operation.size_bytes > 10'000) {
      ++refused;
      fault = {.kind = simfs::Fault::Kind::kError, .status = ResourceExhausted("no space")};
    }
    return fault;
  });
  PutFor(40'000);
  files_.SetHook({});
  EXPECT_GT(refused, 0u);
  world_.RunFor(3'000 * kMs);
  const auto report = Verified();
  EXPECT_EQ(report.begin.index.value() + report.entries, report.end.index.value());
}

}  // namespace
}  // namespace keel::server
