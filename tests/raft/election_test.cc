#include <gtest/gtest.h>

#include "tests/support/builders.h"
#include "tests/support/cluster.h"

namespace keel::raft {
namespace {

TEST(Election, ALoneVoterLeadsOnceItsVoteIsDurable) {
  Cluster cluster;
  cluster.Bootstrap(Ids({1}));
  cluster.node(1_node).disk_stalled = true;
  cluster.Elect(1_node);
  EXPECT_EQ(cluster.core(1_node).role(), Role::kCandidate);
  cluster.node(1_node).disk_stalled = false;
  cluster.Settle();
  EXPECT_EQ(cluster.core(1_node).role(), Role::kLeader);
  EXPECT_EQ(cluster.violations(), std::vector<std::string>());
}

TEST(Election, ThreeVotersElectOneOfThem) {
  Cluster cluster;
  cluster.Bootstrap(Ids({1, 2, 3}));
  cluster.Elect(2_node);
  EXPECT_EQ(cluster.leader(), 2_node);
  cluster.Propose(2_node, {"x", "y"});
  cluster.Settle();
  cluster.Advance(5'000);
  EXPECT_EQ(cluster.leader(), 2_node);
  EXPECT_EQ(cluster.core(2_node).commit(), 3_index);
  for (NodeId id : Ids({1, 2, 3})) {
    EXPECT_EQ(cluster.node(id).state.commands.size(), 2u);
  }
  EXPECT_EQ(cluster.violations(), std::vector<std::string>());
}

}  // namespace
}  // namespace keel::raft
