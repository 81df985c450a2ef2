// Members whose log is gone: what they must still know.
#include <gtest/gtest.h>

#include <string>

#include "kv/mvcc/command.h"
#include "tests/node/support/sim_cluster.h"

namespace keel::node_test {
namespace {

void LoseLog(SimMember* member) {
  auto files = member->OpenFiles();
  ASSERT_TRUE(files.ok()) << files.status();
  const std::string wal = (*files)->wal_directory();
  files->reset();
  const auto names = member->files().List(wal);
  ASSERT_TRUE(names.ok()) << names.status();
  for (const std::string& name : *names) {
    ASSERT_TRUE(member->files().Remove(wal + "/" + name).ok());
  }
}

SimMember& AFollowerOf(SimCluster* cluster) {
  return cluster->Leader() == &cluster->at(0) ? cluster->at(1) : cluster->at(0);
}

// Found by keel-sim-node, seed 27: the log began anew behind the state, and at the next start the
// record still told of the members from before.
TEST(LostLog, IsNoReasonToForgetTheMembers) {
  node::NodeOptions options = SimCluster::SmallOptions();
  options.reconfig.strict = false;  // its leader is new, and has yet to hear from everybody
  SimCluster cluster({.seed = 12, .node = options});
  ASSERT_TRUE(cluster.RunUntilSettled());
  const NodeId learner(4242);
  bool changed = false;
  cluster.Leader()->node().ChangeMembers(
      {.ops = {{.kind = raft::ConfigOpKind::kAddLearner, .id = learner}}},
      [&](const node::ProposalOutcome& outcome) {
        changed = std::holds_alternative<node::Applied>(outcome);
      });
  ASSERT_TRUE(cluster.world().RunUntil([&] { return changed; }, 5'000'000));
  ASSERT_TRUE(cluster.RunUntilEqual());
  cluster.world().RunFor(5'000'000);  // the state becomes durable
  SimMember& lost = AFollowerOf(&cluster);
  lost.KillProcess();
  LoseLog(&lost);
  for (int start = 0; start < 2; ++start) {
    ASSERT_TRUE(lost.Start().ok());
    EXPECT_NE(lost.node().core().config().Find(learner), nullptr) << "start " << start;
    // What it writes goes behind the log's new beginning.
    kv::Command command;
    command.operation = kv::LeaseGrantOp{.id = kv::LeaseId(start + 1), .ttl_s = 60};
    cluster.Leader()->node().Propose({.command = kv::EncodeCommand(command)},
                                     [](const node::ProposalOutcome&) {});
    cluster.world().RunFor(1'000'000);
    ASSERT_TRUE(cluster.RunUntilEqual());
    lost.KillProcess();
  }
}

// Found by keel-sim-node, seed 300242: nothing was written to the log that had begun anew behind
// the state, which was lost then; and the log of the next start was empty, as if it had never been.
TEST(LostLog, BeginsAnewBehindTheStateForGood) {
  SimCluster cluster({.seed = 13});
  ASSERT_TRUE(cluster.RunUntilSettled());
  ASSERT_TRUE(cluster.RunUntilEqual());
  cluster.world().RunFor(5'000'000);  // the state becomes durable
  SimMember& lost = AFollowerOf(&cluster);
  lost.KillProcess();
  LoseLog(&lost);
  for (size_t i = 0; i < cluster.size(); ++i) {
    if (&cluster.at(i) != &lost) cluster.network().Cut(lost.id(), cluster.at(i).id());
  }
  ASSERT_TRUE(lost.Start().ok());
  const raft::Position base = lost.node().core().log().base();
  ASSERT_GT(base.index, Index());
  cluster.world().RunFor(1'000'000);
  lost.KillProcess();
  ASSERT_TRUE(lost.LoseState().ok());
  ASSERT_TRUE(lost.Start().ok());
  EXPECT_EQ(lost.node().core().log().base(), base);
}

}  // namespace
}  // namespace keel::node_test
