#include <gtest/gtest.h>

#include "tests/support/builders.h"
#include "tests/support/cluster.h"

namespace keel::raft {
namespace {

const std::vector<std::string> kNone;

TEST(Election, ALoneVoterLeadsOnceItsVoteIsDurable) {
  Cluster cluster;
  cluster.Bootstrap(Ids({1}));
  cluster.node(1_node).disk_stalled = true;
  cluster.Campaign(1_node);
  cluster.Settle();
  EXPECT_EQ(cluster.core(1_node).role(), Role::kCandidate);
  cluster.node(1_node).disk_stalled = false;
  cluster.Settle();
  EXPECT_EQ(cluster.core(1_node).role(), Role::kLeader);
  EXPECT_EQ(cluster.violations(), kNone);
}

TEST(Election, EveryClusterOfOneToSevenElectsOneLeaderAndKeepsIt) {
  for (uint64_t size = 1; size <= 7; ++size) {
    SCOPED_TRACE(size);
    Cluster cluster({}, size);
    std::vector<NodeId> ids;
    for (uint64_t id = 1; id <= size; ++id) ids.emplace_back(id);
    cluster.Bootstrap(ids);
    cluster.Advance(10'000);
    const NodeId leader = cluster.leader();
    ASSERT_FALSE(leader.IsNone());
    const Term term = cluster.core(leader).term();
    cluster.Advance(30'000);
    EXPECT_EQ(cluster.leader(), leader);
    EXPECT_EQ(cluster.core(leader).term(), term);
    EXPECT_EQ(cluster.violations(), kNone);
  }
}

TEST(Election, TheMembersOfOneClusterWaitForDifferentTimes) {
  Cluster cluster;
  cluster.Bootstrap(Ids({1, 2, 3, 4, 5}));
  std::vector<Instant> due;
  for (const auto& [id, node] : cluster.nodes()) due.push_back(node.wake_at);
  std::sort(due.begin(), due.end());
  EXPECT_EQ(std::unique(due.begin(), due.end()), due.end());
  const Options& options = cluster.core(1_node).options();
  EXPECT_GE(due.front(), cluster.now() + options.election_timeout_ms);
  EXPECT_LT(due.back(), cluster.now() + 2 * options.election_timeout_ms);
}

TEST(Election, APreVoteIsForNoTermAndNothingIsWrittenForIt) {
  Cluster cluster;
  cluster.Bootstrap(Ids({1, 2, 3}));
  cluster.node(2_node).disk_stalled = true;
  cluster.Campaign(1_node);
  cluster.Deliver({1_node, 2_node});
  EXPECT_EQ(cluster.core(2_node).term(), Term());
  EXPECT_FALSE(cluster.node(2_node).disk.HasWaiting());
  EXPECT_EQ(cluster.wire().CountOn({2_node, 1_node}), 1u) << "it leaves at once";
}

TEST(Election, AVoteWaitsForItsWrite) {
  Cluster cluster;
  cluster.Bootstrap(Ids({1, 2, 3}));
  cluster.Crash(3_node);
  cluster.node(2_node).disk_stalled = true;
  cluster.Campaign(1_node);
  cluster.Settle();
  EXPECT_EQ(cluster.core(2_node).vote(), (Vote{1_term, 1_node}));
  EXPECT_EQ(cluster.core(1_node).role(), Role::kCandidate);
  cluster.CompletePersist(2_node);
  cluster.Settle();
  EXPECT_EQ(cluster.core(1_node).role(), Role::kLeader);
}

TEST(Election, AVoteIsGivenOncePerTermAndRepeatedToWhomItWasGiven) {
  Cluster cluster;
  cluster.Bootstrap(Ids({1, 2, 3}));
  cluster.Hold(2_node, 1_node);
  cluster.Hold(2_node, 3_node);
  const auto ask = [&](uint64_t from) {
    cluster.Inject({NodeId(from), 2_node, 1_term, VoteRequest{.for_term = 1_term, .round = from}});
    cluster.Settle();
    const auto reply = cluster.wire().TakeFrom({2_node, NodeId(from)});
    return std::get<VoteReply>(reply->body).granted;
  };
  EXPECT_TRUE(ask(1));
  EXPECT_FALSE(ask(3));
  EXPECT_TRUE(ask(1)) << "the first answer may have been lost";
}

// Both ask before either has heard of the other, as on a machine that is busy.
TEST(Election, TwoThatFindTheirLeaderDeadDoNotSplitTheVotes) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    Cluster cluster({}, seed);
    cluster.Bootstrap(Ids({1, 2, 3}));
    cluster.Elect(1_node);
    cluster.Advance(1'000);
    cluster.Crash(1_node);
    cluster.Hold(2_node, 3_node);
    cluster.Hold(3_node, 2_node);
    for (const NodeId id : {2_node, 3_node}) cluster.LosePeer(id, 1_node, /*refused=*/true);
    cluster.Advance(55);
    for (const NodeId id : {2_node, 3_node}) cluster.node(id).disk_stalled = true;
    cluster.Release(2_node, 3_node);
    cluster.Release(3_node, 2_node);
    cluster.Advance(30);
    for (const NodeId id : {2_node, 3_node}) {
      cluster.node(id).disk_stalled = false;
      if (cluster.node(id).disk.HasWaiting()) cluster.CompletePersist(id);
    }
    cluster.Advance(200);
    ASSERT_FALSE(cluster.leader().IsNone());
    EXPECT_EQ(cluster.violations(), kNone);
  }
}

TEST(Election, AShorterOrOlderLogIsRefused) {
  Cluster cluster;
  const auto config = Shared(Voters({1, 2, 3}));
  cluster.Add(2_node, Disk({5_term, {}}, {.config = config},
                           {MakeEntry(1, 1), MakeEntry(2, 4), MakeEntry(3, 4)}));
  cluster.Start(2_node);
  cluster.Hold(2_node, 1_node);
  const auto is_granted = [&](Position last) {
    const Term term = cluster.core(2_node).term().Next();
    cluster.Inject({1_node, 2_node, term, VoteRequest{.for_term = term, .last = last}});
    cluster.Settle();
    return std::get<VoteReply>(cluster.wire().TakeFrom({2_node, 1_node})->body).granted;
  };
  EXPECT_FALSE(is_granted(At(9, 3))) << "longer and older";
  EXPECT_FALSE(is_granted(At(2, 4))) << "shorter and as old";
  EXPECT_TRUE(is_granted(At(3, 4)));
  EXPECT_TRUE(is_granted(At(1, 5))) << "shorter and newer";
}

TEST(Election, ALeaderStepsDownWhenItHearsFromNoMajority) {
  Cluster cluster;
  cluster.Bootstrap(Ids({1, 2, 3, 4, 5}));
  cluster.Elect(1_node);
  cluster.Cut(Ids({1, 2}), Ids({3, 4, 5}));
  cluster.Advance(2'500);
  EXPECT_NE(cluster.core(1_node).role(), Role::kLeader);
  EXPECT_EQ(cluster.core(1_node).term(), 1_term) << "two of five win no pre-vote";
}

TEST(Election, TheSameSeedAndInputsGiveTheSameStory) {
  const auto story = [](uint64_t seed) {
    Cluster cluster({}, seed);
    cluster.Bootstrap(Ids({1, 2, 3, 4, 5}));
    cluster.Advance(5'000);
    cluster.Crash(cluster.leader());
    cluster.Advance(5'000);
    return cluster.TakeNarration();
  };
  EXPECT_EQ(story(7), story(7));
  EXPECT_NE(story(7), story(8));
}

}  // namespace
}  // namespace keel::raft
