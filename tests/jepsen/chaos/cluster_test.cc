// How nodes are ended.
#include "jepsen/cluster/cluster.h"

#include "tests/jepsen/chaos/fake_nodes.h"

namespace keel::jepsen {
namespace {

using ClusterTest = FakeNodesTest;

TEST_F(ClusterTest, WhoEndsOnSigtermIsStopped) {
  Start(Target::kEtcd, "polite");
  const auto outcome = cluster_->StopNode(1);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(*outcome, Cluster::StopOutcome::kEnded);
  EXPECT_EQ(cluster_->StateOf(1), Cluster::NodeState::kDown);
  EXPECT_TRUE(cluster_->StartNode(1).ok());
}

TEST_F(ClusterTest, AStubbornOneThatIsNotOursIsKilled) {
  Start(Target::kEtcd, "stubborn");
  const auto outcome = cluster_->StopNode(1);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(*outcome, Cluster::StopOutcome::kKilled);
  EXPECT_EQ(cluster_->StateOf(1), Cluster::NodeState::kDown);
  EXPECT_TRUE(cluster_->StartNode(1).ok());
  EXPECT_TRUE(cluster_->AwaitPort(1).ok());
}

TEST_F(ClusterTest, AStubbornOneOfOursFailsTheRun) {
  Start(Target::kKeel, "stubborn");
  const auto outcome = cluster_->StopNode(1);
  ASSERT_FALSE(outcome.ok());
  EXPECT_NE(outcome.status().message().find("did not end by itself"), std::string_view::npos);
}

}  // namespace
}  // namespace keel::jepsen

int main(int argc, char** argv) { return keel::jepsen::RunTests(argc, argv); }
