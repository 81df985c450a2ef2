#include <gtest/gtest.h>

#include <string>

#include "base/prng.h"
#include "tests/support/builders.h"
#include "tests/support/cluster.h"

namespace keel::raft {
namespace {

const std::vector<std::string> kNone;

std::unique_ptr<Cluster> LedWithEntries() {
  auto cluster = std::make_unique<Cluster>();
  cluster->Bootstrap(Ids({1, 2, 3}));
  cluster->Elect(1_node);
  for (auto& [id, node] : cluster->nodes()) node.apply_paused = id == 3_node;
  cluster->Propose(1_node, {"a", "b", "c", "d"});
  cluster->Settle();
  cluster->node(3_node).apply_paused = false;
  return cluster;
}

TEST(Damage, IsRepairedAndReportedOnce) {
  auto cluster = LedWithEntries();
  cluster->Restart(3_node, DiskFate::kDamaged, 3_index);
  EXPECT_EQ(cluster->core(3_node).health(), Health::kDamaged);
  cluster->Advance(1'000);
  EXPECT_EQ(cluster->core(3_node).health(), Health::kWhole);
  ASSERT_EQ(cluster->node(3_node).notices.size(), 1u);
  EXPECT_EQ(cluster->node(3_node).notices[0].kind, NoticeKind::kHealed);
  EXPECT_EQ(cluster->node(3_node).state.commands.size(), 4u);
  EXPECT_EQ(cluster->violations(), kNone);
}

TEST(Damage, IsForgottenOnlyWhenTheDiskHoldsTheRepair) {
  auto cluster = LedWithEntries();
  cluster->Restart(3_node, DiskFate::kDamaged, 3_index);
  cluster->node(3_node).disk_stalled = true;
  cluster->Advance(600);
  EXPECT_EQ(cluster->core(3_node).log().last().index, 5_index);
  EXPECT_EQ(cluster->core(3_node).health(), Health::kDamaged);
  cluster->Restart(3_node);
  EXPECT_EQ(cluster->core(3_node).health(), Health::kDamaged) << "the mark is still there";
}

TEST(Damage, ADamagedMemberHelpsNobodyToLead) {
  auto cluster = LedWithEntries();
  cluster->Restart(3_node, DiskFate::kDamaged, 3_index);
  cluster->Crash(1_node);
  cluster->Advance(10'000);
  EXPECT_TRUE(cluster->leader().IsNone());
  EXPECT_EQ(cluster->core(3_node).role(), Role::kFollower);
}

TEST(Damage, AsLongAsAMajorityIsWholeTheClusterWorksOn) {
  auto cluster = LedWithEntries();
  cluster->Restart(1_node, DiskFate::kDamaged, 2_index);
  cluster->Advance(10'000);
  ASSERT_FALSE(cluster->leader().IsNone());
  EXPECT_NE(cluster->leader(), 1_node);
  EXPECT_EQ(cluster->core(1_node).health(), Health::kWhole);
  EXPECT_EQ(cluster->violations(), kNone);
}

TEST(Damage, NoCommittedEntryIsLostWhoeverIsDamagedWhenever) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Prng prng(seed);
    Cluster cluster({}, seed);
    cluster.Bootstrap(Ids({1, 2, 3, 4, 5}));
    NodeId damaged;
    for (int step = 0; step < 20; ++step) {
      cluster.Advance(prng.Between(10, 2'500));
      const NodeId leader = cluster.leader();
      if (!leader.IsNone()) cluster.Propose(leader, {std::to_string(step)});
      const NodeId some(prng.Between(1, 5));
      const bool is_healed = damaged.IsNone() || cluster.core(damaged).health() == Health::kWhole;
      if (prng.OneIn(3) && is_healed) {
        damaged = some;
        const Index last = cluster.node(some).disk.last();
        cluster.Restart(some, DiskFate::kDamaged, Index(prng.Between(1, last.value() + 1)));
      } else if (prng.OneIn(3)) {
        cluster.Restart(some);
      }
    }
    cluster.Advance(30'000);
    const NodeId leader = cluster.leader();
    ASSERT_FALSE(leader.IsNone());
    EXPECT_EQ(cluster.violations(), kNone);
    for (const auto& [id, node] : cluster.nodes()) {
      EXPECT_EQ(node.core->health(), Health::kWhole) << id.value();
      EXPECT_EQ(node.state.applied(), cluster.node(leader).state.applied()) << id.value();
    }
  }
}

}  // namespace
}  // namespace keel::raft
