// Each rule on leaders, their limits and their members fires on a trace that breaks it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/raft/invariants_bench.h"

namespace keel::raft {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

const Config kThree = Voters({1, 2, 3});

// Persists one config entry behind another and says what that breaks.
std::vector<std::string> RulesOfSuccession(const Config& before, const Config& after) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, before, {}, {1_term, NodeId()});
  Output out;
  out.persist.id = PersistId(9);
  out.persist.entries = {MakeConfigEntry(1, 1, after)};
  checker.OnStep(one.core(), out);
  // The core itself knows nothing of the forged entry, which is noticed, too.
  std::vector<std::string> rules = RulesOf(checker);
  std::erase(rules, "log-is-persisted");
  std::erase(rules, "config-in-log");
  return rules;
}

Config JointOf(const Config& before, const std::vector<ConfigOp>& ops) {
  return *before.Apply(ops, [](NodeId) { return true; }).config;
}

TEST(InvariantsOfLeaders, ACommitThatAMajorityHoldsBreaksNoRule) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  one.BecomeLeaderWith(2_node);
  one.Persisted();
  one.Take(one.Reply(2_node, 1_index));
  EXPECT_EQ(one.core().commit(), 1_index);
  EXPECT_THAT(RulesOf(checker), IsEmpty());
}

TEST(InvariantsOfLeaders, ALeaderCountsWhatItWasTold) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  one.BecomeLeaderWith(2_node);
  one.Persisted();
  one.Secretly(one.Reply(2_node, 1_index));
  one.Take(Tick{});
  EXPECT_THAT(RulesOf(checker), Contains("commit-majority"));
  EXPECT_THAT(RulesOf(checker), Contains("match-truth"));
}

TEST(InvariantsOfLeaders, ALeaderCountsItsOwnDiskOnlyForWhatItHolds) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  one.BecomeLeaderWith(2_node);
  one.Persisted(/*really=*/false);
  one.Take(one.Reply(2_node, 1_index));
  EXPECT_THAT(RulesOf(checker), Contains("commit-majority"));
}

TEST(InvariantsOfLeaders, WhatIsSentIsInTheLogWithoutAGap) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  one.BecomeLeaderWith(2_node);
  AppendRequest append;
  append.entries = {MakeEntry(1, 1), MakeEntry(3, 1)};
  checker.OnSend({1_node, 2_node, 1_term, append});
  EXPECT_THAT(RulesOf(checker), Contains("well-formed"));
  append.entries = {};
  append.prev = At(1, 0);
  checker.OnSend({1_node, 2_node, 1_term, append});
  EXPECT_THAT(RulesOf(checker), Contains("sends-its-log"));
  checker.OnSend({1_node, 2_node, 1_term, AppendRequest{.commit = 1_index}});
  EXPECT_THAT(RulesOf(checker), Contains("sends-its-commit"));
}

TEST(InvariantsOfLeaders, OneUpdateHandsOutNoMoreThanItsBound) {
  ClusterChecker checker;
  Options options = BenchOptions(1_node);
  options.committed_batch_bytes_max = 60;
  const Raft core(options, Restored({.last = {}, .config = Shared(kThree)}));
  checker.OnStart(core);
  Output out;
  out.committed = {MakeEntry(1, 1), MakeEntry(2, 1)};
  checker.OnStep(core, out);
  EXPECT_THAT(RulesOf(checker), Contains("committed-bound"));
}

TEST(InvariantsOfLeaders, OneMessageCarriesNoMoreThanItsBound) {
  Options options = BenchOptions(1_node);
  options.message_bytes_max = 2 * (kEntryOverheadBytes + 1);
  const Raft core(options, Restored({.last = {}, .config = Shared(kThree)}));
  const auto rules_of = [&](const std::string& second) {
    ClusterChecker checker;
    checker.OnStart(core);
    Output out;
    out.send_now = {{1_node, 2_node, 1_term,
                     AppendRequest{.entries = {MakeEntry(1, 1, "x"), MakeEntry(2, 1, second)}}}};
    checker.OnStep(core, out);
    return RulesOf(checker);
  };
  EXPECT_THAT(rules_of("x"), IsEmpty());
  EXPECT_THAT(rules_of("xx"), Contains("message-bound"));
}

// The tail may pass its limit by what is never refused, and by not a byte more.
TEST(InvariantsOfLeaders, ProposalsAreTakenUpToTheLimitOfTheTailExactly) {
  Options options = BenchOptions(1_node);
  options.entry_bytes_max = 10;
  options.uncommitted_bytes_max = 2 * kEntryOverheadBytes + 10;
  BenchMember one(options, kThree);
  one.BecomeLeaderWith(2_node);
  one.Persisted();
  one.Take(one.Reply(2_node, 1_index));
  const auto propose = [&](const std::string& command) {
    return one.Take(Propose{.batch = 1, .payloads = {Payload::Of(command)}}).proposals.front();
  };
  EXPECT_EQ(propose("0123456789").accepted, 1u);
  EXPECT_EQ(propose("").accepted, 1u) << "its overhead alone fits";
  ASSERT_EQ(one.core().uncommitted_bytes(), options.uncommitted_bytes_max);
  EXPECT_EQ(propose("").refusal, ProposalRefusal::kUncommittedFull);
  const Output& changed =
      one.Take(ChangeConfig{.ops = {{.kind = ConfigOpKind::kAddLearner, .id = 4_node}}});
  ASSERT_EQ(changed.config_changes.front().refusal, ConfigRefusal::kNone);
  ASSERT_GT(one.core().uncommitted_bytes(), options.uncommitted_bytes_max);
  EXPECT_THAT(RulesOf(one.checker()), IsEmpty());
  Output forged;
  forged.proposals = {{.batch = 1, .accepted = 1}};
  one.checker().OnStep(one.core(), forged);
  EXPECT_THAT(RulesOf(one.checker()), Contains("uncommitted-bound"));
}

TEST(InvariantsOfLeaders, WhatIsHandedOutIsCharged) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  one.BecomeLeaderWith(2_node);
  one.Persisted();
  one.Secretly(one.Reply(2_node, 1_index));
  ASSERT_GT(one.core().unapplied_bytes(), 0u);
  checker.OnStep(one.core(), {});
  EXPECT_THAT(RulesOf(checker), Contains("unapplied-bound"));
}

TEST(InvariantsOfMembers, VotersChangeThroughAJointConfigOnly) {
  EXPECT_THAT(RulesOfSuccession(kThree, Voters({1, 2})), Contains("joint-step"));
  EXPECT_THAT(RulesOfSuccession(kThree, Voters({1, 2, 4})), Contains("joint-step"));
  const Config joint = JointOf(kThree, {{.kind = ConfigOpKind::kRemove, .id = 3_node}});
  EXPECT_THAT(RulesOfSuccession(kThree, joint), IsEmpty());
  EXPECT_THAT(RulesOfSuccession(joint, *joint.LeaveJoint()), IsEmpty());
  EXPECT_THAT(RulesOfSuccession(joint, kThree), Contains("joint-step"));
  EXPECT_THAT(RulesOfSuccession(joint, joint), Contains("joint-step"));
  EXPECT_THAT(RulesOfSuccession(Voters({1, 2, 4}), joint), Contains("joint-step"));
}

TEST(InvariantsOfMembers, ARetiredIdStaysRetired) {
  const Config joint = JointOf(kThree, {{.kind = ConfigOpKind::kRemove, .id = 3_node}});
  const Config without = *joint.LeaveJoint();
  EXPECT_THAT(RulesOfSuccession(without, Voters({1, 2})), Contains("tombstones-grow"));
}

TEST(InvariantsOfMembers, AMalformedConfigIsNoticed) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree, {}, {1_term, NodeId()});
  Output out;
  out.persist.id = PersistId(9);
  out.persist.entries = {MakeEntry(1, 1, "no config")};
  out.persist.entries.front().kind = EntryKind::kConfig;
  checker.OnStep(one.core(), out);
  EXPECT_THAT(RulesOf(checker), Contains("config-decodes"));
}

TEST(InvariantsOfMembers, ALeaderChangesOneThingAtATimeAfterItsFirstCommit) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  one.BecomeLeaderWith(2_node);
  const Config joint = JointOf(Config::OfMembers({{.id = 1_node, .votes = true},
                                                  {.id = 2_node, .votes = true},
                                                  {.id = 3_node, .votes = true},
                                                  {.id = 4_node, .learns = true}}),
                               {{.kind = ConfigOpKind::kPromote, .id = 4_node}});
  Output out;
  out.persist.id = PersistId(9);
  out.persist.entries = {MakeConfigEntry(2, 1, joint), MakeConfigEntry(3, 1, joint)};
  checker.OnStep(one.core(), out);
  EXPECT_THAT(RulesOf(checker), Contains("change-after-commit"));
  EXPECT_THAT(RulesOf(checker), Contains("one-change-at-a-time"));
}

}  // namespace
}  // namespace keel::raft
