#include "server/archive/archiver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "backup/archive/segment.h"
#include "backup/archive/tip.h"
#include "backup/archive/verify.h"
#include "server/node/envelope.h"
#include "tests/kv/support/store_world.h"
#include "tests/node/support/world.h"
#include "tests/simfs/simulated_file_system.h"

namespace keel::server {
namespace {

using node_test::SimClock;
using node_test::SimExecutor;
using node_test::World;
using testing::IsEmpty;

constexpr uint64_t kCluster = 5;
constexpr uint64_t kMs = 1'000;

// A log that all members share, applied as soon as it is appended, and who leads.
class Log {
 public:
  explicit Log(World* world) : world_(world) {}

  void Append(kv::Operation operation, uint64_t stamped_ms) {
    const std::string command = kv::EncodeCommand({.operation = std::move(operation)});
    state_.term = term;
    state_.now_ms = stamped_ms;
    state_.ApplyBytes(command);
    entries_.push_back(
        {.term = term,
         .index = Index(entries_.size() + 1),
         .payload = Payload::Of(node::EncodeEnvelope(
             {.id = {.proposer = NodeId(1)}, .stamped_ms = stamped_ms, .command = command}))});
    committed_us_[entries_.back().index] = world_->now_us();
  }
  [[nodiscard]] Index last() const { return Index(entries_.size()); }
  [[nodiscard]] const raft::Entry& At(Index index) const { return entries_[index.value() - 1]; }
  [[nodiscard]] kv::StoreWorld& state() { return state_; }
  [[nodiscard]] uint64_t CommittedUs(Index index) const { return committed_us_.at(index); }

  Term term{1};
  int leader = 0;
  Index base;
  Index marked;
  bool is_idle = true;

 private:
  World* const world_;
  kv::StoreWorld state_;
  std::vector<raft::Entry> entries_;
  std::map<Index, uint64_t> committed_us_;
};

class LogSource final : public ArchiveSource {
 public:
  LogSource(Log* log, int self, const Clock* clock) : log_(log), self_(self), clock_(clock) {}

  Sight Look() override {
    return {.leads = log_->leader == self_,
            .applied = log_->last(),
            .revision = log_->state().store().state().revision,
            .log_base = log_->base,
            .marked = log_->marked,
            .is_idle = log_->is_idle};
  }
  void Read(const Piece& piece, node::Once<std::vector<raft::Entry>> done) override {
    std::vector<raft::Entry> entries;
    size_t size_bytes = 0;
    for (Index at = piece.first; at > log_->base && at <= log_->last(); at = at.Next()) {
      size_bytes += raft::CostBytes(log_->At(at));
      if (!entries.empty() && size_bytes > piece.size_bytes_max) break;
      entries.push_back(log_->At(at));
    }
    std::move(done)(std::move(entries));
  }
  void ReadState(node::Once<State> done) override {
    const kv::StoreState& state = log_->state().store().state();
    std::move(done)({.view = log_->state().store().view(),
                     .place = {.index = state.applied,
                               .term = state.applied_term,
                               .revision = state.revision,
                               .time_ms = state.log_time_ms}});
  }
  void Mark(Index through) override {
    if (log_->leader != self_) return;
    log_->Append(kv::ArchiveMarkOp{through}, clock_->WallMs());
    log_->marked = std::max(log_->marked, through);
  }

 private:
  Log* const log_;
  const int self_;
  const Clock* const clock_;
};

// A member with an archiver, and a clock of its own.
struct Member {
  Member(World* world, Log* log, simfs::SimulatedFileSystem* files, int self)
      : clock(world, static_cast<uint64_t>(self) * 5'000 * kMs),
        ship(world, {.least_us = 0, .most_us = 20 * kMs}),
        base(world, {}),
        source(log, self, &clock),
        store({.files = files, .directory = "/archive", .writer = std::to_string(self)}),
        archiver({.cluster_id = kCluster,
                  .member = NodeId(static_cast<uint64_t>(self) + 1),
                  .base_interval_ms = 20'000,
                  .retention_ms = 40'000},
                 {.clock = &clock,
                  .executor = &ship,
                  .base_executor = &base,
                  .files = files,
                  .store = &store,
                  .prepare = [this] { return store.Prepare(); },
                  .source = &source,
                  .log = [](bool, const std::string&) {}}) {
    archiver.Start();
  }

  SimClock clock;
  SimExecutor ship;
  SimExecutor base;
  LogSource source;
  backup::DirectoryStore store;
  Archiver archiver;
};

class ArchiverTest : public testing::Test {
 protected:
  ArchiverTest() {
    for (int self = 0; self < 2; ++self) {
      members_.push_back(std::make_unique<Member>(&world_, &log_, &files_, self));
    }
    Put();  // a fresh store has nothing to archive
  }

  [[nodiscard]] Member& leader() { return *members_[static_cast<size_t>(log_.leader)]; }
  void Put() {
    log_.Append(kv::PutOp{.key = "k" + std::to_string(number_ % 20),
                          .value = "value " + std::to_string(number_)},
                leader().clock.WallMs());
    ++number_;
  }
  void PutFor(uint64_t duration_ms) {
    for (uint64_t passed = 0; passed < duration_ms; passed += 10) {
      Put();
      world_.RunFor(10 * kMs);
    }
  }
  void Lead(int self) {
    log_.leader = self;
    log_.term = log_.term.Next();
  }
  // From where the first base stands, everything that was committed.
  backup::ArchiveReport Verified() {
    const auto report = backup::VerifyArchive({.files = &files_, .store = &members_[0]->store});
    KEEL_CHECK(report.ok()) << report.status();
    EXPECT_THAT(report->problems, IsEmpty());
    return *report;
  }
  void FailWrites(bool fails) {
    files_.SetHook([fails](const simfs::Operation& operation) {
      simfs::Fault fault;
      if (fails && operation.kind == simfs::OperationKind::kWrite) {
        fault = {.kind = simfs::Fault::Kind::kError, .status = ResourceExhausted("no space")};
      }
      return fault;
    });
  }

  void FailSyncsOfNames(bool fails) {
    files_.SetHook([fails](const simfs::Operation& operation) {
      simfs::Fault fault;
      if (fails && operation.kind == simfs::OperationKind::kSyncDirectory) {
        fault = {.kind = simfs::Fault::Kind::kError, .status = Unavailable("gone")};
      }
      return fault;
    });
  }

  World world_{7};
  Log log_{&world_};
  simfs::SimulatedFileSystem files_;
  std::vector<std::unique_ptr<Member>> members_;
  uint64_t number_ = 0;
};

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
  FailWrites(true);
  PutFor(3'000);
  ArchiveCounts counts = leader().archiver.counts();
  EXPECT_TRUE(counts.has_alarm);
  EXPECT_GE(counts.failures, 2u);
  EXPECT_GE(counts.exposure_ms, 2'000u);
  FailWrites(false);
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

TEST_F(ArchiverTest, PastTheBoundOfTheLogThereIsAGapAndANewBase) {
  PutFor(1'000);
  FailWrites(true);
  PutFor(2'000);
  log_.base = log_.last();  // the bound was reached
  PutFor(2'000);
  EXPECT_TRUE(leader().archiver.counts().has_alarm);
  EXPECT_EQ(leader().archiver.counts().gaps, 1u);
  FailWrites(false);
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
    FailSyncsOfNames(true);
    PutFor(1'000);  // what it puts now is seen, and not durable
    world_.RunFor(2'500 * kMs);
    FailSyncsOfNames(false);
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
  FailWrites(true);
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
