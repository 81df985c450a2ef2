// How nodes are ended.
#include "jepsen/cluster/cluster.h"

#include "tests/jepsen/chaos/fake_nodes.h"

namespace keel::jepsen {
namespace {

class ClusterTest : public FakeNodesTest {
 protected:
  Result<Cluster::StopOutcome> StopNode(size_t node) {
    KEEL_RETURN_IF_ERROR(cluster_->AskToStop(node));
    EXPECT_EQ(cluster_->StateOf(node), Cluster::NodeState::kStopping);
    EXPECT_TRUE(cluster_->CheckAlive().ok());
    while (true) {
      KEEL_ASSIGN_OR_RETURN(const auto outcome, cluster_->TakeStop(node));
      if (outcome) return *outcome;
    }
  }
};

TEST_F(ClusterTest, WhoEndsOnSigtermIsStopped) {
  Start(Target::kEtcd, "polite");
  const auto outcome = StopNode(1);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(*outcome, Cluster::StopOutcome::kEnded);
  EXPECT_EQ(cluster_->StateOf(1), Cluster::NodeState::kDown);
  EXPECT_TRUE(cluster_->StartNode(1).ok());
}

TEST_F(ClusterTest, AStubbornOneThatIsNotOursIsKilled) {
  Start(Target::kEtcd, "stubborn");
  const auto outcome = StopNode(1);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(*outcome, Cluster::StopOutcome::kKilled);
  EXPECT_EQ(cluster_->StateOf(1), Cluster::NodeState::kDown);
  EXPECT_TRUE(cluster_->StartNode(1).ok());
  EXPECT_TRUE(cluster_->AwaitPort(1).ok());
}

TEST_F(ClusterTest, AStubbornOneOfOursFailsTheRun) {
  Start(Target::kKeel, "stubborn");
  const auto outcome = StopNode(1);
  ASSERT_FALSE(outcome.ok());
  EXPECT_NE(outcome.status().message().find("did not end by itself"), std::string_view::npos);
}

}  // namespace
}  // namespace keel::jepsen

int main(int argc, char** argv) { return keel::jepsen::RunTests(argc, argv); }
