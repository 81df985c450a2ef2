// Each rule on logs, commits and reads fires on a trace that breaks it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/raft/invariants_bench.h"

namespace keel::raft {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

const Config kThree = Voters({1, 2, 3});

Persist Writes(std::vector<Entry> entries) {
  return {.id = PersistId(9), .entries = std::move(entries)};
}

Output Persisting(std::vector<Entry> entries) {
  Output out;
  out.persist = Writes(std::move(entries));
  return out;
}

// A follower of 2 in term 1 that holds, and knows to be committed, as many entries as said.
void Follow(BenchMember& member, uint64_t held, uint64_t committed) {
  AppendRequest append{.commit = Index(committed)};
  for (uint64_t i = 1; i <= held; ++i) append.entries.push_back(MakeEntry(i, 1));
  member.Take(Message{2_node, member.core().id(), 1_term, append});
  member.Persisted();
}

TEST(InvariantsOfLogs, AFollowerThatKeepsUpBreaksNoRule) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  Follow(one, 3, 3);
  EXPECT_THAT(RulesOf(checker), IsEmpty());
  EXPECT_EQ(checker.committed(), 3_index);
}

TEST(InvariantsOfLogs, LogsThatShareAPlaceShareThePast) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  BenchMember three(&checker, 3_node, kThree);
  Follow(one, 2, 0);
  three.Take(Message{2_node, 3_node, 1_term, AppendRequest{.entries = {MakeEntry(1, 1, "y")}}});
  EXPECT_THAT(RulesOf(checker), Contains("log-matching"));
}

TEST(InvariantsOfLogs, WhatIsPersistedHasNoGap) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  checker.OnStep(one.core(), Persisting({MakeEntry(2, 1)}));
  EXPECT_THAT(RulesOf(checker), Contains("contiguous-log"));
}

TEST(InvariantsOfLogs, WhatIsWrittenHasNoGap) {
  ClusterChecker checker;
  checker.OnDurable(1_node, Writes({MakeEntry(1, 1), MakeEntry(3, 1)}));
  EXPECT_THAT(RulesOf(checker), Contains("contiguous-disk"));
}

TEST(InvariantsOfLogs, ALogChangesOnlyThroughTheDisk) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  checker.OnStep(one.core(), Persisting({MakeEntry(1, 1)}));
  EXPECT_THAT(RulesOf(checker), Contains("log-is-persisted"));
}

TEST(InvariantsOfLogs, ACoreStartsWithWhatWasWritten) {
  ClusterChecker checker;
  checker.OnDurable(1_node, Writes({MakeEntry(1, 1), MakeEntry(2, 1)}));
  Restored past({.last = {}, .config = Shared(kThree)});
  past.Add(MakeEntry(1, 1));
  past.vote = {1_term, NodeId()};
  checker.OnStart(Raft(BenchOptions(1_node), std::move(past)));
  EXPECT_THAT(RulesOf(checker), Contains("disk-truth"));
}

TEST(InvariantsOfLogs, WhatIsCommittedIsNeverCut) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  Follow(one, 3, 3);
  checker.OnStep(one.core(), Persisting({MakeEntry(3, 2)}));
  EXPECT_THAT(RulesOf(checker), Contains("committed-immutable"));
}

TEST(InvariantsOfLogs, WhatIsAcknowledgedIsNotCutInTheTerm) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  Follow(one, 3, 0);
  checker.OnSend({1_node, 2_node, 1_term, AppendReply{.success = true, .match = 3_index}});
  EXPECT_THAT(RulesOf(checker), IsEmpty());
  checker.OnStep(one.core(), Persisting({MakeEntry(3, 1, "y")}));
  EXPECT_THAT(RulesOf(checker), Contains("acknowledged-immutable"));
}

TEST(InvariantsOfLogs, ACommitIndexNeverGoesBack) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  Follow(one, 2, 2);
  Restored past({.last = {}, .config = Shared(kThree)});
  for (uint64_t i = 1; i <= 2; ++i) past.Add(MakeEntry(i, 1));
  past.vote = one.core().vote();
  past.applied = Index();
  checker.OnStep(Raft(BenchOptions(1_node), std::move(past)), {});
  EXPECT_THAT(RulesOf(checker), Contains("commit-forward"));
}

TEST(InvariantsOfLogs, AllCommitTheSame) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  BenchMember three(&checker, 3_node, kThree);
  Follow(one, 2, 2);
  three.Take(Message{2_node, 3_node, 2_term,
                     AppendRequest{.commit = 1_index, .entries = {MakeEntry(1, 2)}}});
  EXPECT_THAT(RulesOf(checker), Contains("state-machine-safety"));
}

TEST(InvariantsOfLogs, WhatIsHandedOutIsCommittedInOrderAndDurable) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  Follow(one, 2, 2);
  Output out;
  out.committed = {MakeEntry(2, 1)};
  checker.OnStep(one.core(), out);
  EXPECT_THAT(RulesOf(checker), Contains("delivered-in-order"));
  out.committed = {MakeEntry(3, 1)};
  checker.OnStep(one.core(), out);
  EXPECT_THAT(RulesOf(checker), Contains("delivered-committed"));
  EXPECT_THAT(RulesOf(checker), Contains("delivered-durable"));
  out.committed = {MakeEntry(2, 1, "y")};
  checker.OnStep(one.core(), out);
  EXPECT_THAT(RulesOf(checker), Contains("state-machine-safety"));
}

TEST(InvariantsOfLogs, ACoreBelievesOfItsDiskWhatIsTrue) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  AppendRequest append;
  append.entries = {MakeEntry(1, 1)};
  one.Take(Message{2_node, 1_node, 1_term, append});
  one.Persisted(/*really=*/false);
  EXPECT_THAT(RulesOf(checker), Contains("durable-truth"));
}

TEST(InvariantsOfLogs, AnAcknowledgementIsDurableAndTrue) {
  ClusterChecker checker;
  BenchMember two(&checker, 2_node, kThree);
  two.BecomeLeaderWith(3_node);
  checker.OnSend({1_node, 2_node, 1_term, AppendReply{.success = true, .match = 1_index}});
  EXPECT_THAT(RulesOf(checker), Contains("ack-is-durable"));
  checker.OnDurable(1_node, Writes({MakeEntry(1, 1, "another")}));
  checker.OnSend({1_node, 2_node, 1_term, AppendReply{.success = true, .match = 1_index}});
  EXPECT_THAT(RulesOf(checker), Contains("ack-is-truth"));
}

TEST(InvariantsOfLogs, ASnapshotCoversWhatIsCommitted) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  Follow(one, 2, 2);
  Persist install{.id = PersistId(9)};
  install.snapshot = SnapshotMeta{At(2, 7), Shared(kThree)};
  checker.OnDurable(3_node, install);
  EXPECT_THAT(RulesOf(checker), Contains("snapshot-truth"));
}

TEST(InvariantsOfLogs, ASnapshotDoesNotTakeBackACommit) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  Follow(one, 3, 3);
  Output out;
  out.persist.id = PersistId(9);
  out.persist.snapshot = SnapshotMeta{At(2, 1), Shared(kThree)};
  checker.OnStep(one.core(), out);
  EXPECT_THAT(RulesOf(checker), Contains("committed-immutable"));
}

TEST(InvariantsOfLogs, AReadIsAnsweredByWhomItWasAskedAndNotBelowWhatWasCommitted) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  Follow(one, 2, 2);
  const ReadId asked{1_node, BootId(1), 1};
  checker.OnInput(one.core(), {one.now(), ReadRequest{{asked}}});
  Output out;
  out.reads_ready = {{asked, 2_index}};
  checker.OnStep(one.core(), out);
  EXPECT_THAT(RulesOf(checker), IsEmpty());
  out.reads_ready = {{asked, 1_index}};
  checker.OnStep(one.core(), out);
  EXPECT_THAT(RulesOf(checker), Contains("read-is-fresh"));
  out.reads_ready = {{{1_node, BootId(7), 1}, 2_index}};
  checker.OnStep(one.core(), out);
  EXPECT_THAT(RulesOf(checker), Contains("read-was-asked"));
}

}  // namespace
}  // namespace keel::raft
