// Three whole nodes: what they promise to clients, in good weather and in bad.
#include <gtest/gtest.h>

#include "tests/node/support/workload.h"

namespace keel::node_test {
namespace {

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(Cluster, ElectsALeaderThatAllFollow) {
  SimCluster cluster({.seed = 1});
  ASSERT_TRUE(cluster.RunUntilSettled());
  EXPECT_NE(cluster.Leader(), nullptr);
}

TEST(Cluster, AnswersClientsOfEveryMember) {
  SimCluster cluster({.seed = 2});
  ASSERT_TRUE(cluster.RunUntilSettled());
  Workload workload(&cluster, {});
  workload.Start();
  cluster.world().RunFor(3'000'000);
  workload.Stop();
  ASSERT_TRUE(cluster.world().RunUntil([&] { return workload.IsIdle(); }, 20'000'000));
  ASSERT_TRUE(cluster.RunUntilEqual());
  workload.CheckAtEnd();
  EXPECT_EQ(Joined(workload.complaints()), "");
  EXPECT_GT(workload.counts().applied, 300u);
  EXPECT_GT(workload.counts().reads, 100u);
  // Nothing was wrong, so nothing went wrong.
  EXPECT_EQ(workload.counts().dropped, 0u);
  EXPECT_EQ(workload.counts().unknown, 0u);
}

TEST(Cluster, SurvivesTheDeathOfAllMembersAtOnce) {
  SimCluster cluster({.seed = 3});
  ASSERT_TRUE(cluster.RunUntilSettled());
  Workload workload(&cluster, {});
  workload.Start();
  for (int round = 0; round < 5; ++round) {
    cluster.world().RunFor(400'000);
    for (size_t i = 0; i < cluster.size(); ++i) {
      cluster.at(i).Kill();
      workload.OnKill(cluster.at(i).id());
    }
    cluster.StartAll();
    ASSERT_TRUE(cluster.RunUntilSettled());
  }
  workload.Stop();
  ASSERT_TRUE(cluster.world().RunUntil([&] { return workload.IsIdle(); }, 20'000'000));
  ASSERT_TRUE(cluster.RunUntilEqual());
  workload.CheckAtEnd();
  EXPECT_EQ(Joined(workload.complaints()), "");
}

}  // namespace
}  // namespace keel::node_test
