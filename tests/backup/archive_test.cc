#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "backup/archive/archive_reader.h"
#include "backup/archive/gap_note.h"
#include "backup/archive/tip.h"
#include "backup/archive/upkeep.h"
#include "base/prng.h"
#include "tests/backup/archive_world.h"
#include "tests/backup/backup_world.h"
#include "tests/simfs/simulated_file_system.h"

namespace keel::backup {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kKey(kKeyBytes, 'K');

class ArchiveTest : public testing::Test {
 protected:
  // A base, and three segments of a few puts each.
  static void Fill(ArchiveWorld* archive, int per_segment = 3) {
    uint64_t now_ms = 5'000;
    archive->Put("first", "value", now_ms);
    archive->WriteBase(/*begins_chain=*/true);
    for (int segment = 0; segment < 3; ++segment) {
      for (int i = 0; i < per_segment; ++i) {
        now_ms += 10;
        archive->Put("k" + std::to_string(i), "value " + std::to_string(now_ms), now_ms);
      }
      archive->Seal();
    }
  }
  // One bit of each `step`th byte of each object; and each object cut.
  void ExpectEveryChangeFound(ArchiveWorld* archive, size_t step) {
    const auto objects = archive->store().List().value();
    for (const ObjectInfo& object : objects) {
      const std::string path = "/archive/" + object.name;
      const std::string whole = ReadBytes(&files_, path);
      for (size_t at = 0; at < whole.size(); at += step) {
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
        WriteBytes(&files_, path, changed);
        const auto report = archive->Verify();
        ASSERT_TRUE(!report.ok() || !report->problems.empty())
            << "byte " << at << " of " << object.name;
        WriteBytes(&files_, path, std::string_view(whole).substr(0, at));
        const auto cut = archive->Verify();
        ASSERT_TRUE(!cut.ok() || !cut->problems.empty())
            << object.name << " cut to " << at << " of " << whole.size();
      }
      WriteBytes(&files_, path, whole);
    }
    const auto report = archive->Verify();
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_THAT(report->problems, IsEmpty());
  }

  simfs::SimulatedFileSystem files_;
};

TEST_F(ArchiveTest, WhatWasSealedComesBackEntryByEntry) {
  for (const std::string& key : {std::string(), kKey}) {
    ArchiveWorld archive(&files_, key.empty() ? "/plain" : "/sealed", key);
    Fill(&archive);
    const Catalogue catalogue = archive.Listed();
    ASSERT_EQ(catalogue.bases.size(), 1u);
    ASSERT_EQ(catalogue.segments.size(), 3u);
    const BaseObject& base = catalogue.bases.front();
    ArchiveReader reader(
        {.store = &archive.store(),
         .key = key,
         .cluster_id = ArchiveWorld::kCluster,
         .catalogue = &catalogue,
         .base = {.index = base.index, .term = base.term, .time_ms = base.time_ms}});
    size_t count = 0;
    while (true) {
      const auto entries = reader.Next();
      ASSERT_TRUE(entries.ok()) << entries.status();
      if (entries->empty()) break;
      for (const ArchivedEntry& entry : *entries) {
        ++count;
        EXPECT_EQ(entry.time_ms, archive.moments()[count].time_ms);
      }
    }
    EXPECT_EQ(count, 9u);
    EXPECT_EQ(reader.at(), archive.at());
  }
}

TEST_F(ArchiveTest, VerifySaysWhatAnArchiveHolds) {
  ArchiveWorld archive(&files_, "/archive");
  Fill(&archive);
  const auto report = archive.Verify();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->problems, IsEmpty());
  EXPECT_THAT(report->gaps, IsEmpty());
  EXPECT_EQ(report->cluster_id, ArchiveWorld::kCluster);
  EXPECT_EQ(report->entries, 9u);
  EXPECT_EQ(report->begin.time_ms, 5'000u);
  EXPECT_EQ(report->end, archive.at());
}

TEST_F(ArchiveTest, EveryByteFlippedAndEveryCutIsFound) {
  ArchiveWorld archive(&files_, "/archive");
  Fill(&archive);
  ASSERT_TRUE(archive.store()
                  .Put("tip", EncodeTip({.cluster_id = ArchiveWorld::kCluster,
                                         .at = archive.at(),
                                         .whole_until_ms = 9'000}))
                  .ok());
  ExpectEveryChangeFound(&archive, 1);
}

TEST_F(ArchiveTest, FlippedBytesAndCutsOfAnEncryptedAndLargerOneAreFound) {
  ArchiveWorld archive(&files_, "/archive", kKey);
  Fill(&archive, 200);
  ExpectEveryChangeFound(&archive, 97);
}

TEST_F(ArchiveTest, AnEncryptedOneWantsItsKey) {
  ArchiveWorld archive(&files_, "/archive", kKey);
  Fill(&archive);
  for (const std::string& key : {std::string(), std::string(kKeyBytes, 'X')}) {
    const auto report = VerifyArchive({.files = &files_, .store = &archive.store(), .key = key});
    EXPECT_EQ(report.status().code(), Code::kFailedPrecondition);
    EXPECT_THAT(std::string(report.status().message()), HasSubstr("--key-file"));
  }
}

TEST_F(ArchiveTest, ALostSegmentIsFound) {
  ArchiveWorld archive(&files_, "/archive");
  Fill(&archive);
  ASSERT_TRUE(archive.store().Remove(archive.Listed().segments[1].name).ok());
  const auto report = archive.Verify();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->problems, ElementsAre(HasSubstr("from index 5 to 7 are missing")));
}

TEST_F(ArchiveTest, AGapThatANewBaseFollowsIsNoDamage) {
  ArchiveWorld archive(&files_, "/archive");
  Fill(&archive);
  for (int i = 0; i < 5; ++i) archive.Put("never", "archived", 6'000);
  archive.WriteBase(/*begins_chain=*/true);
  auto report = archive.Verify();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->problems, IsEmpty());
  ASSERT_EQ(report->gaps.size(), 1u) << "before any entry follows the base";
  archive.Put("later", "x", 7'000);
  archive.Seal();
  report = archive.Verify();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->problems, IsEmpty());
  ASSERT_EQ(report->gaps.size(), 1u);
  EXPECT_EQ(report->gaps[0].missing, (IndexRange{Index(11), Index(15)}));
  EXPECT_EQ(report->gaps[0].begins_ms, 5'090u);
  EXPECT_EQ(report->gaps[0].ends_ms, 6'000u);
}

TEST_F(ArchiveTest, AGapBehindABaseWithoutSegmentsIsToldToo) {
  ArchiveWorld archive(&files_, "/archive");
  archive.Put("first", "value", 1'000);
  archive.WriteBase(/*begins_chain=*/true);
  archive.Put("never", "archived", 2'000);
  archive.WriteBase(/*begins_chain=*/true);
  archive.Put("later", "x", 3'000);
  archive.Seal();
  const auto report = archive.Verify();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->problems, IsEmpty());
  ASSERT_EQ(report->gaps.size(), 1u);
  EXPECT_EQ(report->gaps[0].missing, (IndexRange{Index(2), Index(2)}));
}

TEST_F(ArchiveTest, ANotedGapIsToldBeforeAnyBaseIsBehindItAndLateSegmentsCountForNothing) {
  ArchiveWorld archive(&files_, "/archive");
  Fill(&archive);
  const ArchivePosition behind = archive.at();
  const std::string note =
      EncodeGapNote({.cluster_id = ArchiveWorld::kCluster, .behind = behind, .noted_ms = 1});
  ASSERT_TRUE(archive.store().Put(GapName(behind.index), note).ok());
  auto report = archive.Verify();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->problems, IsEmpty());
  ASSERT_EQ(report->gaps.size(), 1u);
  EXPECT_TRUE(report->gaps[0].IsOpen());
  EXPECT_EQ(report->gaps[0].missing.first, behind.index.Next());
  ExpectEveryChangeFound(&archive, 1);

  archive.Put("late", "x", 6'000);
  archive.Put("late", "y", 6'000);
  archive.Seal();
  report = archive.Verify();
  EXPECT_EQ(report->end, behind);
  const Index base = archive.WriteBase(/*begins_chain=*/true).index;
  archive.Put("k", "v", 7'000);
  archive.Seal();
  report = archive.Verify();
  EXPECT_THAT(report->problems, IsEmpty());
  ASSERT_EQ(report->gaps.size(), 1u);
  EXPECT_EQ(report->gaps[0].missing, (IndexRange{behind.index.Next(), base}));

  for (const std::string& name : PrunePlan(archive.Listed(), 7'000)) {
    ASSERT_TRUE(archive.store().Remove(name).ok());
    report = archive.Verify();
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_THAT(report->problems, IsEmpty()) << "after " << name;
  }
  EXPECT_EQ(archive.store().List()->size(), 2u) << "the base and what is behind it";
}

TEST_F(ArchiveTest, TwoLeadersThatCutTheLogDifferentlyFitTogether) {
  ArchiveWorld archive(&files_, "/archive");
  Fill(&archive);
  // The same entries again, as one that did not know how far the other came would write them.
  const Catalogue catalogue = archive.Listed();
  const ArchiveReader::Options reader{.store = &archive.store(),
                                      .cluster_id = ArchiveWorld::kCluster};
  const auto one = ReadSegment(reader, catalogue.segments[0]);
  const auto two = ReadSegment(reader, catalogue.segments[1]);
  ASSERT_TRUE(one.ok() && two.ok());
  SegmentDraft draft{.cluster_id = ArchiveWorld::kCluster, .previous = one->header.previous};
  Advance(one->entries[0], &draft.previous);
  draft.entries = {one->entries[1], one->entries[2], two->entries[0]};
  const auto sealed = SealSegment(draft, {});
  ASSERT_TRUE(sealed.ok());
  const std::string name = SegmentName({draft.previous.index.Next(), sealed->last.index});
  ASSERT_TRUE(archive.store().Put(name, sealed->bytes).ok());
  auto report = archive.Verify();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->problems, IsEmpty());
  EXPECT_EQ(report->entries, 9u);
  EXPECT_EQ(report->end, archive.at());

  // Of another history, it is found, whether it is needed or not.
  draft.entries[2].payload += "x";
  ASSERT_TRUE(archive.store().Put(name, SealSegment(draft, {})->bytes).ok());
  report = archive.Verify();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->problems, testing::Not(IsEmpty()));
}

TEST_F(ArchiveTest, SmallSegmentsAreJoinedAndHoldTheSame) {
  ArchiveWorld archive(&files_, "/archive", kKey);
  archive.Put("first", "value", 1);
  archive.WriteBase(/*begins_chain=*/true);
  for (int i = 0; i < 40; ++i) {
    archive.Put("k" + std::to_string(i), "v", 1'000 + static_cast<uint64_t>(i));
    archive.Seal();
  }
  const auto before = archive.Verify();
  ASSERT_TRUE(before.ok()) << before.status();
  const auto parts = JoinPlan(archive.Listed());
  ASSERT_EQ(parts.size(), 40u);
  ASSERT_TRUE(JoinSegments({.store = &archive.store(), .key = kKey, .parts = parts}).ok());
  const auto after = archive.Verify();
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_THAT(after->problems, IsEmpty());
  EXPECT_EQ(after->segments, 1u);
  EXPECT_EQ(after->entries, before->entries);
  EXPECT_EQ(after->end, before->end);
  EXPECT_THAT(JoinPlan(archive.Listed()), IsEmpty());
}

TEST_F(ArchiveTest, NothingIsJoinedAcrossAGap) {
  ArchiveWorld archive(&files_, "/archive");
  archive.Put("first", "value", 1);
  archive.WriteBase(/*begins_chain=*/true);
  for (int i = 0; i < 20; ++i) {
    archive.Put("k", "v", 1'000);
    if (i == 10) {
      archive.WriteBase(/*begins_chain=*/true);
    } else {
      archive.Seal();
    }
  }
  EXPECT_THAT(JoinPlan(archive.Listed()), IsEmpty());
}

TEST_F(ArchiveTest, PruningKeepsWhatTheKeptTimeNeeds) {
  ArchiveWorld archive(&files_, "/archive");
  Fill(&archive);  // a base at 5,000 and entries up to 5,090
  archive.WriteBase(/*begins_chain=*/false);
  archive.Put("k", "v", 6'000);
  archive.Seal();
  EXPECT_THAT(PrunePlan(archive.Listed(), 4'999), IsEmpty());
  EXPECT_THAT(PrunePlan(archive.Listed(), 5'089), IsEmpty());
  const auto names = PrunePlan(archive.Listed(), 5'090);
  EXPECT_EQ(names.size(), 4u);
  for (const std::string& name : names) {
    ASSERT_TRUE(archive.store().Remove(name).ok());
    const auto report = archive.Verify();
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_THAT(report->problems, IsEmpty()) << "after " << name;
  }
  EXPECT_EQ(archive.Verify()->begin.time_ms, 5'090u);
}

TEST_F(ArchiveTest, ACrashWhileAnObjectIsPutLeavesItWholeOrAway) {
  ArchiveWorld archive(&files_, "/archive");
  Fill(&archive);
  const size_t before = archive.store().List()->size();
  archive.Put("k", "v", 9'000);
  int writes = 0;
  files_.SetHook([&](const simfs::Operation& operation) {
    simfs::Fault fault;
    if (operation.kind == simfs::OperationKind::kWrite && ++writes == 1) {
      fault = {.kind = simfs::Fault::Kind::kPartial,
               .argument = 40,
               .status = ResourceExhausted("full")};
    }
    return fault;
  });
  EXPECT_FALSE(
      archive.store().Put("segment-x", "some bytes that are more than forty, they are").ok());
  files_.SetHook(nullptr);
  EXPECT_EQ(archive.store().List()->size(), before) << "half an object is none";
  EXPECT_TRUE(archive.store().Prepare().ok());
  EXPECT_EQ(files_.List("/archive")->size(), before) << "and its remains go";
}

}  // namespace
}  // namespace keel::backup
