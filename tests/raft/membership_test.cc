#include <gtest/gtest.h>

#include <string>

#include "base/prng.h"
#include "tests/support/builders.h"
#include "tests/support/cluster.h"

namespace keel::raft {
namespace {

using Kind = ConfigOpKind;

const std::vector<std::string> kNone;

ConfigOp Op(Kind kind, NodeId id) { return {.kind = kind, .id = id}; }

std::unique_ptr<Cluster> Led() {
  auto cluster = std::make_unique<Cluster>();
  cluster->Bootstrap(Ids({1, 2, 3}));
  cluster->Elect(1_node);
  return cluster;
}

TEST(Membership, AResultNamesTheEntryOfTheChange) {
  auto cluster = Led();
  cluster->Change(1_node, {Op(Kind::kAddLearner, 4_node)});
  const ConfigChangeResult& result = cluster->node(1_node).config_changes.back();
  EXPECT_EQ(result.refusal, ConfigRefusal::kNone);
  EXPECT_EQ(result.index, 2_index);
  EXPECT_EQ(result.term, 1_term);
  EXPECT_EQ(result.change, 1u);
}

TEST(Membership, OnlyTheLeaderChangesMembers) {
  auto cluster = Led();
  cluster->Change(2_node, {Op(Kind::kAddLearner, 4_node)});
  EXPECT_EQ(cluster->node(2_node).config_changes.back().refusal, ConfigRefusal::kNotLeader);
}

TEST(Membership, TheDriversContextTravelsBehindTheConfig) {
  auto cluster = Led();
  cluster->Step(1_node, ChangeConfig{.change = 7,
                                     .ops = {Op(Kind::kAddLearner, 4_node)},
                                     .context = Payload::Of("http://four")});
  cluster->Settle();
  const auto decoded = Config::Decode(cluster->core(2_node).log().At(2_index).payload.view());
  ASSERT_NE(decoded.config, nullptr);
  EXPECT_EQ(decoded.context, "http://four");
}

TEST(Membership, AContextHasABound) {
  Cluster cluster({.config_context_bytes_max = 100});
  cluster.Bootstrap(Ids({1, 2, 3}));
  cluster.Elect(1_node);
  const auto change_with = [&](size_t size_bytes) {
    cluster.Step(1_node, ChangeConfig{.change = 7,
                                      .ops = {Op(Kind::kAddLearner, 4_node)},
                                      .context = Payload::Of(std::string(size_bytes, 'c'))});
    return cluster.node(1_node).config_changes.back().refusal;
  };
  EXPECT_EQ(change_with(101), ConfigRefusal::kContextTooLarge);
  EXPECT_EQ(cluster.core(1_node).log().last().index, 1_index);
  EXPECT_EQ(change_with(100), ConfigRefusal::kNone);
  cluster.Settle();
  EXPECT_EQ(cluster.core(2_node).config().ToString(), "1 2 3 learn 4");
}

// As a learner it would look new, and could be promoted under the id under which it has voted.
TEST(Membership, AVoterThatCameBackEmptyIsNotDemoted) {
  auto cluster = Led();
  cluster->Restart(3_node, DiskFate::kWiped);
  cluster->Advance(500);
  cluster->Change(1_node, {Op(Kind::kDemote, 3_node)});
  EXPECT_EQ(cluster->node(1_node).config_changes.back().refusal, ConfigRefusal::kWiped);
  cluster->Change(1_node, {Op(Kind::kRemove, 3_node)});
  EXPECT_EQ(cluster->node(1_node).config_changes.back().refusal, ConfigRefusal::kNone);
}

TEST(Membership, ACutConfigGivesWayToTheOneBeforeIt) {
  auto cluster = Led();
  cluster->Isolate(1_node);
  cluster->Change(1_node, {Op(Kind::kRemove, 3_node)});
  EXPECT_EQ(cluster->core(1_node).config().ToString(), "1 2 3 -> 1 2");
  cluster->Elect(2_node);
  cluster->Heal();
  cluster->Advance(1'000);
  EXPECT_EQ(cluster->core(1_node).config().ToString(), "1 2 3");
  EXPECT_EQ(cluster->violations(), kNone);
}

TEST(Membership, AClusterGrowsFromOneToSevenAndShrinksAgain) {
  Cluster cluster;
  cluster.Bootstrap(Ids({1}));
  cluster.Elect(1_node);
  for (uint64_t id = 2; id <= 7; ++id) {
    cluster.Change(1_node, {Op(Kind::kAddVoter, NodeId(id))});
    cluster.Add(NodeId(id));
    cluster.Start(NodeId(id));
    cluster.Propose(1_node, {std::to_string(id)});
    cluster.Advance(1'000);
    ASSERT_TRUE(cluster.core(1_node).config().IsVoter(NodeId(id))) << id;
  }
  EXPECT_EQ(cluster.core(1_node).config().ToString(), "1 2 3 4 5 6 7");
  for (uint64_t id = 7; id >= 2; --id) {
    const NodeId leader = cluster.leader();
    cluster.Change(leader, {Op(Kind::kRemove, NodeId(id))});
    cluster.Advance(3'000);
    ASSERT_FALSE(cluster.core(1_node).config().IsVoter(NodeId(id))) << id;
  }
  EXPECT_EQ(cluster.core(1_node).config().ToString(), "1");
  EXPECT_EQ(cluster.node(1_node).state.commands.size(), 6u);
  EXPECT_EQ(cluster.violations(), kNone);
}

TEST(Membership, TheLeaderIsReplacedInOneStep) {
  auto cluster = Led();
  cluster->Change(1_node, {{.kind = Kind::kReplace, .id = 1_node, .replacement = 4_node}});
  cluster->Add(4_node);
  cluster->Start(4_node);
  cluster->Advance(5'000);
  const NodeId leader = cluster->leader();
  ASSERT_FALSE(leader.IsNone());
  EXPECT_EQ(cluster->core(leader).config().ToString(), "2 3 4");
  EXPECT_EQ(cluster->violations(), kNone);
}

// Whatever is asked in whatever order, with crashes in between: the cluster comes to rest in a
// config that is not joint, with a leader, and no rule was broken on the way.
TEST(Membership, RandomChangesNeverLoseTheCluster) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    Prng prng(seed);
    Cluster cluster({}, seed);
    cluster.Bootstrap(Ids({1, 2, 3}));
    uint64_t next_id = 4;
    for (int step = 0; step < 25; ++step) {
      cluster.Advance(prng.Between(10, 1'500));
      const NodeId leader = cluster.leader();
      if (leader.IsNone()) continue;
      const auto& members = cluster.core(leader).config().members();
      const NodeId some = members[prng.Below(members.size())].id;
      const uint64_t kind = prng.Below(5);
      if (kind == 0) {
        cluster.Restart(some);
      } else if (kind == 1 && members.size() > 2) {
        cluster.Change(leader, {Op(Kind::kRemove, some)});
      } else if (members.size() < 6) {
        const NodeId fresh(next_id++);
        cluster.Add(fresh);
        cluster.Start(fresh);
        if (kind == 2) {
          cluster.Change(leader, {{.kind = Kind::kReplace, .id = some, .replacement = fresh}});
        } else {
          cluster.Change(leader, {Op(Kind::kAddVoter, fresh)});
        }
      }
      cluster.Propose(leader, {std::to_string(step)});
    }
    cluster.Advance(30'000);
    const NodeId leader = cluster.leader();
    ASSERT_FALSE(leader.IsNone());
    EXPECT_FALSE(cluster.core(leader).config().IsJoint());
    EXPECT_EQ(cluster.violations(), kNone);
    for (const Member& member : cluster.core(leader).config().members()) {
      EXPECT_EQ(cluster.node(member.id).state.commands, cluster.node(leader).state.commands)
          << member.id.value();
    }
  }
}

}  // namespace
}  // namespace keel::raft
