#include <gtest/gtest.h>

#include <string>

#include "tests/support/builders.h"
#include "tests/support/cluster.h"

namespace keel::raft {
namespace {

const std::vector<std::string> kNone;

// Member 3 is down while the others commit and compact; the log no longer reaches back to it.
std::unique_ptr<Cluster> BehindTheLog(const Options& options = {}) {
  auto cluster = std::make_unique<Cluster>(options);
  cluster->Bootstrap(Ids({1, 2, 3}));
  cluster->Elect(1_node);
  cluster->Crash(3_node);
  cluster->Propose(1_node, {"a", "b", "c"});
  cluster->Settle();
  cluster->Compact(1_node, 4_index);
  return cluster;
}

TEST(Snapshot, IsAskedForOnceAndCoversTheBase) {
  auto cluster = BehindTheLog();
  cluster->node(1_node).snapshots_by_hand = true;
  cluster->Start(3_node);
  cluster->Advance(2'000);
  const auto& wishes = cluster->node(1_node).snapshots_wanted;
  ASSERT_EQ(wishes.size(), 1u);
  EXPECT_EQ(wishes[0].peer, 3_node);
  EXPECT_EQ(wishes[0].at_least, 4_index);
}

TEST(Snapshot, IsAcknowledgedWhenItsWriteHasCompleted) {
  auto cluster = BehindTheLog();
  cluster->Start(3_node);
  cluster->node(3_node).disk_stalled = true;
  cluster->Advance(500);
  EXPECT_EQ(cluster->core(1_node).peers().back().match, 1_index);
  EXPECT_EQ(cluster->node(3_node).state.applied(), 1_index);
  cluster->node(3_node).disk_stalled = false;
  cluster->Settle();
  EXPECT_EQ(cluster->core(1_node).peers().back().match, 4_index);
  EXPECT_EQ(cluster->node(3_node).state.commands.size(), 3u);
  EXPECT_EQ(cluster->violations(), kNone);
}

TEST(Snapshot, ALostOneIsOfferedAgain) {
  auto cluster = BehindTheLog({.snapshot_patience_ms = 1'000});
  cluster->Start(3_node);
  cluster->Hold(1_node, 3_node);
  cluster->Advance(300);
  cluster->wire().DropAll({1_node, 3_node});
  cluster->Release(1_node, 3_node);
  cluster->Advance(3'000);
  EXPECT_EQ(cluster->node(3_node).state.commands.size(), 3u);
  EXPECT_EQ(cluster->violations(), kNone);
}

TEST(Snapshot, EntriesCommittedWhileItTravelsFollowIt) {
  auto cluster = BehindTheLog();
  cluster->Start(3_node);
  cluster->node(3_node).disk_stalled = true;
  cluster->Advance(500);
  cluster->Propose(1_node, {"d", "e"});
  cluster->Settle();
  cluster->node(3_node).disk_stalled = false;
  cluster->Advance(500);
  EXPECT_EQ(cluster->node(3_node).state.commands.size(), 5u);
  EXPECT_EQ(cluster->core(3_node).log().base().index, 4_index);
}

TEST(Snapshot, AFollowerThatHasItAllKeepsItsLog) {
  auto cluster = std::make_unique<Cluster>();
  cluster->Bootstrap(Ids({1, 2, 3}));
  cluster->Elect(1_node);
  cluster->Propose(1_node, {"a", "b", "c"});
  cluster->Settle();
  const SnapshotMeta meta = cluster->core(1_node).MetaAt(3_index);
  cluster->Inject({1_node, 2_node, 1_term, InstallSnapshot{meta}});
  cluster->Settle();
  EXPECT_EQ(cluster->core(2_node).log().base().index, Index());
  EXPECT_EQ(cluster->core(2_node).log().last().index, 4_index);
}

TEST(Snapshot, TellsTheConfigThatWasInForceWhereItEnds) {
  auto cluster = std::make_unique<Cluster>();
  cluster->Bootstrap(Ids({1, 2, 3}));
  cluster->Elect(1_node);
  cluster->Propose(1_node, {"a"});
  cluster->Change(1_node, {{.kind = ConfigOpKind::kRemove, .id = 3_node}});
  cluster->Settle();
  EXPECT_EQ(cluster->core(1_node).MetaAt(2_index).config->ToString(), "1 2 3");
  EXPECT_EQ(cluster->core(1_node).MetaAt(3_index).config->ToString(), "1 2 3 -> 1 2");
  EXPECT_EQ(cluster->core(1_node).MetaAt(4_index).config->ToString(), "1 2");
}

TEST(Snapshot, ARestartBehindOneGoesOn) {
  auto cluster = BehindTheLog();
  cluster->Start(3_node);
  cluster->Advance(500);
  cluster->Restart(3_node);
  cluster->Propose(1_node, {"d"});
  cluster->Advance(500);
  EXPECT_EQ(cluster->node(3_node).state.commands.size(), 4u);
  EXPECT_EQ(cluster->violations(), kNone);
}

TEST(Snapshot, ANewLeaderBehindACompactedLogAsksForNoneWithoutNeed) {
  auto cluster = std::make_unique<Cluster>();
  cluster->Bootstrap(Ids({1, 2, 3}));
  cluster->Elect(1_node);
  cluster->Propose(1_node, {"a", "b", "c"});
  cluster->Settle();
  for (NodeId id : Ids({1, 2, 3})) {
    cluster->Compact(id, 4_index);
    cluster->node(id).snapshots_by_hand = true;
  }
  cluster->Elect(2_node);
  cluster->Advance(1'000);
  EXPECT_TRUE(cluster->node(2_node).snapshots_wanted.empty());
  EXPECT_EQ(cluster->core(3_node).commit(), 5_index);
}

// A stream that takes longer than the core's patience: another one is asked for meanwhile. What the
// first one brought is enough, and nobody waits for the second.
TEST(Snapshot, OneThatIsSlowerThanThePatienceIsEnoughWhenItArrives) {
  auto cluster = BehindTheLog({.snapshot_patience_ms = 1'000});
  cluster->node(1_node).snapshots_by_hand = true;
  cluster->Start(3_node);
  cluster->Advance(300);
  cluster->Hold(1_node, 3_node);
  ASSERT_TRUE(cluster->AnswerSnapshotWish(1_node));
  cluster->Propose(1_node, {"d"});
  cluster->Advance(1'300);
  ASSERT_EQ(cluster->node(1_node).snapshots_wanted.size(), 1u) << "patience has run out";
  cluster->Release(1_node, 3_node);
  cluster->Advance(300);
  EXPECT_EQ(cluster->core(1_node).peers().back().state, FlowState::kReplicate);
  EXPECT_EQ(cluster->node(3_node).state.commands.size(), 4u);
  // The second, when it is ready, finds nobody who waits for it.
  ASSERT_TRUE(cluster->AnswerSnapshotWish(1_node));
  cluster->Advance(300);
  EXPECT_EQ(cluster->core(3_node).log().base().index, 4_index);
  EXPECT_EQ(cluster->violations(), kNone);
}

// The log moved on while a snapshot was made ready: installed, it would leave a gap.
TEST(Snapshot, OneThatEndsBelowTheLogsBaseIsNotOffered) {
  auto cluster = BehindTheLog();
  cluster->node(1_node).snapshots_by_hand = true;
  cluster->Start(3_node);
  cluster->Advance(300);
  ASSERT_EQ(cluster->node(1_node).snapshots_wanted.size(), 1u);
  const SnapshotMeta old = cluster->core(1_node).MetaAt(4_index);
  cluster->Propose(1_node, {"d", "e"});
  cluster->Settle();
  cluster->Compact(1_node, 6_index);
  cluster->node(1_node).snapshots_wanted.clear();
  cluster->Step(1_node, SnapshotReady{3_node, old});
  ASSERT_EQ(cluster->node(1_node).snapshots_wanted.size(), 1u) << "a fresh one is asked for";
  EXPECT_EQ(cluster->node(1_node).snapshots_wanted[0].at_least, 6_index);
  cluster->Settle();
  EXPECT_EQ(cluster->core(3_node).commit(), 1_index);
  ASSERT_TRUE(cluster->AnswerSnapshotWish(1_node));
  cluster->Advance(300);
  EXPECT_EQ(cluster->node(3_node).state.commands.size(), 5u);
}

// 3 lost its state and has a log from entry 5 on. The new leader does not know that yet, and its
// own state lags: what it hands over ends before entry 5.
TEST(Snapshot, WhoIsHandedOneThatIsTooOldGetsAnotherAtOnce) {
  auto cluster = std::make_unique<Cluster>(Options{.snapshot_patience_ms = 60'000});
  cluster->Bootstrap(Ids({1, 2, 3}));
  cluster->Elect(1_node);
  cluster->node(2_node).apply_paused = true;
  cluster->node(2_node).snapshots_by_hand = true;
  cluster->Propose(1_node, {"a", "b", "c", "d"});
  cluster->Settle();
  cluster->Compact(3_node, 5_index);
  cluster->Crash(3_node);
  cluster->Propose(1_node, {"e", "f", "g"});
  cluster->Settle();
  cluster->Transfer(1_node, 2_node);
  cluster->Settle();
  ASSERT_EQ(cluster->leader(), 2_node);
  cluster->Restart(3_node, DiskFate::kStateLost);
  cluster->Advance(300);
  ASSERT_TRUE(cluster->core(3_node).state_lost());
  ASSERT_TRUE(cluster->AnswerSnapshotWish(2_node));
  cluster->Advance(300);
  ASSERT_EQ(cluster->node(2_node).snapshots_wanted.size(), 1u);
  EXPECT_EQ(cluster->node(2_node).snapshots_wanted[0].at_least, 5_index);
  cluster->node(2_node).apply_paused = false;
  cluster->node(2_node).snapshots_by_hand = false;
  cluster->Advance(1'000);
  EXPECT_FALSE(cluster->core(3_node).state_lost());
  EXPECT_EQ(cluster->node(3_node).state.commands.size(), 7u);
  EXPECT_EQ(cluster->violations(), kNone);
}

}  // namespace
}  // namespace keel::raft
