#include <gtest/gtest.h>

#include <string>

#include "base/prng.h"
#include "tests/support/builders.h"
#include "tests/support/cluster.h"

namespace keel::raft {
namespace {

const std::vector<std::string> kNone;

std::unique_ptr<Cluster> Led(const Options& options = {}) {
  auto cluster = std::make_unique<Cluster>(options);
  cluster->Bootstrap(Ids({1, 2, 3}));
  cluster->Elect(1_node);
  return cluster;
}

TEST(Replication, TheLeadersWriteAndItsMessagesStartTogether) {
  auto cluster = Led();
  cluster->node(1_node).disk_stalled = true;
  cluster->Propose(1_node, {"x"});
  EXPECT_TRUE(cluster->node(1_node).disk.HasWaiting());
  EXPECT_EQ(cluster->wire().CountOn({1_node, 2_node}), 1u);
  cluster->Settle();
  EXPECT_EQ(cluster->core(1_node).commit(), 2_index)
      << "two followers are a majority without the leader's own disk";
  EXPECT_EQ(cluster->node(1_node).state.applied(), 1_index)
      << "and its own state waits for its own log";
}

TEST(Replication, ABatchIsOneMessageAndOneWrite) {
  auto cluster = Led();
  cluster->Propose(1_node, std::vector<std::string>(100, "x"));
  EXPECT_EQ(cluster->wire().CountOn({1_node, 2_node}), 1u);
  EXPECT_EQ(cluster->node(1_node).disk.waiting_count(), 1u);
  cluster->Settle();
  EXPECT_EQ(cluster->core(1_node).commit(), 101_index);
}

TEST(Replication, EntriesAreSentAheadOfTheirAcknowledgements) {
  auto cluster = Led();
  cluster->Hold(2_node, 1_node);
  cluster->Hold(3_node, 1_node);
  for (int i = 0; i < 10; ++i) cluster->Propose(1_node, {"x"});
  cluster->Settle();
  EXPECT_EQ(cluster->core(2_node).log().last().index, 11_index);
  EXPECT_EQ(cluster->core(1_node).commit(), 1_index);
}

TEST(Replication, AcknowledgementsInAnyOrderAddUp) {
  auto cluster = Led();
  cluster->Crash(3_node);
  cluster->Hold(2_node, 1_node);
  for (int i = 0; i < 10; ++i) cluster->Propose(1_node, {"x"});
  cluster->Settle();
  cluster->wire().Reverse({2_node, 1_node});
  cluster->Deliver({2_node, 1_node});
  EXPECT_EQ(cluster->core(1_node).commit(), 11_index);
  cluster->Release(2_node, 1_node);
  cluster->Settle();
  EXPECT_EQ(cluster->core(1_node).commit(), 11_index);
  EXPECT_EQ(cluster->violations(), kNone);
}

TEST(Replication, AppendsInTheWrongOrderAreSortedOut) {
  auto cluster = Led();
  cluster->Hold(1_node, 2_node);
  for (int i = 0; i < 10; ++i) cluster->Propose(1_node, {"x"});
  cluster->wire().Reverse({1_node, 2_node});
  cluster->Release(1_node, 2_node);
  cluster->Settle();
  cluster->Advance(500);
  EXPECT_EQ(cluster->node(2_node).state.commands.size(), 10u);
  EXPECT_EQ(cluster->violations(), kNone);
}

TEST(Replication, WhatIsLostIsSentAgain) {
  auto cluster = Led();
  cluster->Cut(Ids({1}), Ids({2}));
  for (int i = 0; i < 10; ++i) cluster->Propose(1_node, {"x"});
  cluster->Settle();
  cluster->Heal();
  cluster->Advance(500);
  EXPECT_EQ(cluster->node(2_node).state.commands.size(), 10u);
}

TEST(Replication, AFollowerLearnsOfACommitWithoutNewEntries) {
  auto cluster = Led();
  cluster->Propose(1_node, {"x"});
  cluster->Settle();
  EXPECT_EQ(cluster->core(2_node).commit(), 2_index);
  EXPECT_EQ(cluster->core(3_node).commit(), 2_index);
}

TEST(Replication, SeveralWritesMayBeInFlightAndTheLastConfirmsThemAll) {
  auto cluster = Led();
  cluster->node(2_node).disk_stalled = true;
  cluster->Crash(3_node);
  for (int i = 0; i < 5; ++i) {
    cluster->Propose(1_node, {"x"});
    cluster->Settle();
  }
  Node& follower = cluster->node(2_node);
  ASSERT_EQ(follower.disk.waiting_count(), 5u);
  EXPECT_EQ(cluster->core(1_node).commit(), 1_index);
  cluster->CompletePersist(2_node);
  cluster->CompletePersist(2_node);
  cluster->Settle();
  EXPECT_EQ(cluster->core(1_node).commit(), 3_index);
}

TEST(Replication, ARestartedFollowerGoesOnWhereItsDiskEnds) {
  auto cluster = Led();
  cluster->Propose(1_node, {"a", "b"});
  cluster->Settle();
  cluster->Restart(2_node);
  cluster->Propose(1_node, {"c"});
  cluster->Advance(500);
  EXPECT_EQ(cluster->node(2_node).state.commands.size(), 3u);
  EXPECT_EQ(cluster->violations(), kNone);
}

// Random logs such as Raft can leave behind: every term has one log, and each member holds a prefix
// of some term's, so that logs match where they must (Raft §5.3).
TEST(Replication, ALeaderMakesAnyLegalLogsEqual) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Prng prng(seed);
    std::vector<std::vector<Entry>> of_term;
    for (uint64_t term = 1; term <= 6; ++term) {
      std::vector<Entry> log;
      if (!of_term.empty()) log = of_term[prng.Below(of_term.size())];
      log.resize(log.size() - prng.Below(log.size() + 1));
      for (uint64_t n = prng.Between(1, 6); n > 0; --n) {
        log.push_back(MakeEntry(log.size() + 1, term, std::to_string(term)));
      }
      of_term.push_back(std::move(log));
    }
    Cluster cluster({.message_bytes_max = prng.Between(1, 400)}, seed);
    const auto config = Shared(Voters({1, 2, 3, 4, 5}));
    for (NodeId id : Ids({1, 2, 3, 4, 5})) {
      std::vector<Entry> log = of_term[prng.Below(of_term.size())];
      log.resize(log.size() - prng.Below(log.size() + 1));
      cluster.Add(id, Disk({7_term, {}}, {.config = config}, std::move(log)));
    }
    for (NodeId id : Ids({1, 2, 3, 4, 5})) cluster.Start(id);
    cluster.Advance(20'000);
    const NodeId leader = cluster.leader();
    ASSERT_FALSE(leader.IsNone());
    for (NodeId id : Ids({1, 2, 3, 4, 5})) {
      EXPECT_EQ(cluster.node(id).state.commands, cluster.node(leader).state.commands);
    }
    ASSERT_EQ(cluster.violations(), kNone);
  }
}

}  // namespace
}  // namespace keel::raft
