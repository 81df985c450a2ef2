#include <gtest/gtest.h>

#include "tests/support/builders.h"
#include "tests/support/cluster.h"

namespace keel::raft {
namespace {

std::unique_ptr<Cluster> Led() {
  auto cluster = std::make_unique<Cluster>();
  cluster->Bootstrap(Ids({1, 2, 3}));
  cluster->Elect(1_node);
  return cluster;
}

TransferOutcome Outcome(Cluster& cluster, NodeId at) {
  return cluster.node(at).transfers.back().outcome;
}

TEST(Transfer, GoesToItsTargetInOneTerm) {
  auto cluster = Led();
  cluster->Transfer(1_node, 2_node);
  EXPECT_EQ(Outcome(*cluster, 1_node), TransferOutcome::kStarted);
  cluster->Settle();
  EXPECT_EQ(cluster->leader(), 2_node);
  EXPECT_EQ(cluster->core(2_node).term(), 2_term);
}

TEST(Transfer, IsRefusedWhereItMakesNoSense) {
  auto cluster = Led();
  cluster->Transfer(2_node, 3_node);
  EXPECT_EQ(Outcome(*cluster, 2_node), TransferOutcome::kNotLeader);
  cluster->Transfer(1_node, 1_node);
  EXPECT_EQ(Outcome(*cluster, 1_node), TransferOutcome::kAlreadyThere);
  cluster->Transfer(1_node, 9_node);
  EXPECT_EQ(Outcome(*cluster, 1_node), TransferOutcome::kUnknownTarget);
}

TEST(Transfer, IsOnlyOrderedOnceTheTargetHasEverything) {
  auto cluster = Led();
  cluster->Hold(2_node, 1_node);
  cluster->Propose(1_node, {"x"});
  cluster->Settle();
  cluster->Transfer(1_node, 2_node);
  cluster->Settle();
  EXPECT_EQ(cluster->leader(), 1_node);
  cluster->Release(2_node, 1_node);
  cluster->Settle();
  EXPECT_EQ(cluster->leader(), 2_node);
}

TEST(Transfer, AnOrderFromSomebodyWhoDoesNotLeadIsIgnored) {
  auto cluster = Led();
  cluster->Inject({3_node, 2_node, 1_term, TimeoutNow{}});
  cluster->Settle();
  EXPECT_EQ(cluster->leader(), 1_node);
  EXPECT_EQ(cluster->core(2_node).term(), 1_term);
}

TEST(Transfer, AnOrderOfAPastTermIsIgnored) {
  auto cluster = Led();
  cluster->Elect(3_node);
  cluster->Inject({1_node, 2_node, 1_term, TimeoutNow{}});
  cluster->Settle();
  EXPECT_EQ(cluster->leader(), 3_node);
}

TEST(Transfer, ALearnerThatIsToldToCampaignDoesNot) {
  auto cluster = Led();
  cluster->Change(1_node, {{.kind = ConfigOpKind::kAddLearner, .id = 4_node}});
  cluster->Settle();
  cluster->Add(4_node);
  cluster->Start(4_node);
  cluster->Advance(1'000);
  cluster->Inject({1_node, 4_node, 1_term, TimeoutNow{}});
  cluster->Settle();
  EXPECT_EQ(cluster->leader(), 1_node);
  EXPECT_EQ(cluster->core(4_node).role(), Role::kFollower);
}

// Check-quorum begins to count anew; who was heard until then is no less fit for that.
TEST(Transfer, FindsASuccessorRightAfterTheLeaderHasCheckedItsQuorum) {
  auto cluster = Led();
  cluster->Advance(950);
  const auto anybody_active = [&] {
    for (const Progress& peer : cluster->core(1_node).peers()) {
      if (peer.active) return true;
    }
    return false;
  };
  for (int i = 0; i < 3 && anybody_active(); ++i) {
    cluster->Jump(50);
    cluster->Tick(1_node);
  }
  ASSERT_FALSE(anybody_active());
  cluster->Transfer(1_node, NodeId());
  EXPECT_EQ(Outcome(*cluster, 1_node), TransferOutcome::kStarted);
  cluster->Settle();
  EXPECT_NE(cluster->leader(), 1_node);
}

TEST(Transfer, WhoWasSilentForAWholeWindowIsNoSuccessor) {
  auto cluster = Led();
  cluster->Crash(2_node);
  cluster->Advance(3'000);
  cluster->Transfer(1_node, NodeId());
  cluster->Settle();
  EXPECT_EQ(cluster->leader(), 3_node);
}

// Priority moves leadership without anybody's asking: nobody waits for its result.
TEST(Transfer, OnlyWhatWasAskedForHasAResult) {
  auto cluster = Led();
  cluster->Change(1_node, {{.kind = ConfigOpKind::kSetPriority, .id = 2_node, .priority = 5}});
  cluster->Settle();
  cluster->Hold(1_node, 2_node);
  bool was_offered = false;
  for (int i = 0; i < 60; ++i) {
    cluster->Advance(100);
    while (const auto message = cluster->wire().TakeFrom({1_node, 2_node}, /*newest=*/false)) {
      const bool is_offer = std::holds_alternative<TimeoutNow>(message->body);
      was_offered |= is_offer;
      if (!is_offer) cluster->Inject(*message);
    }
  }
  EXPECT_TRUE(was_offered);
  EXPECT_EQ(cluster->leader(), 1_node);
  EXPECT_TRUE(cluster->node(1_node).transfers.empty());
}

}  // namespace
}  // namespace keel::raft
