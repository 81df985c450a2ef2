// Each rule on votes and leadership fires on a trace that breaks it, and not on one that does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/raft/invariants_bench.h"

namespace keel::raft {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

const Config kThree = Voters({1, 2, 3});

TEST(InvariantsOfElections, ACleanElectionBreaksNoRule) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  one.BecomeLeaderWith(2_node);
  EXPECT_EQ(one.core().role(), Role::kLeader);
  EXPECT_THAT(RulesOf(checker), IsEmpty());
}

TEST(InvariantsOfElections, ACandidateNeedsAMajorityOfPreVotes) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  one.Pass(10'000);
  one.Take(Tick{});
  one.Secretly(one.Ballot(2_node));
  one.Take(Tick{});
  EXPECT_THAT(RulesOf(checker), Contains("pre-vote-majority"));
}

TEST(InvariantsOfElections, ALeaderNeedsAMajorityOfVotes) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  one.Pass(10'000);
  one.Take(Tick{});
  one.Take(one.Ballot(2_node));
  one.Persisted();
  one.Secretly(one.Ballot(2_node));
  one.Take(Tick{});
  EXPECT_THAT(RulesOf(checker), Contains("vote-majority"));
}

TEST(InvariantsOfElections, ALeadersOwnVoteIsDurable) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  one.Pass(10'000);
  one.Take(Tick{});
  one.Take(one.Ballot(2_node));
  one.Persisted(/*really=*/false);
  one.Take(one.Ballot(2_node));
  EXPECT_THAT(RulesOf(checker), Contains("vote-is-durable"));
}

TEST(InvariantsOfElections, ATermHasOneLeader) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  BenchMember two(&checker, 2_node, kThree);
  one.BecomeLeaderWith(3_node);
  two.BecomeLeaderWith(3_node);
  EXPECT_EQ(one.core().term(), two.core().term());
  EXPECT_THAT(RulesOf(checker), Contains("election-safety"));
}

TEST(InvariantsOfElections, ALeaderHoldsWhatEarlierTermsCommitted) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  BenchMember two(&checker, 2_node, kThree, {}, {2_term, NodeId()});
  one.BecomeLeaderWith(3_node);
  one.Persisted();
  one.Take(one.Reply(3_node, 1_index));
  ASSERT_EQ(one.core().commit(), 1_index);
  EXPECT_THAT(RulesOf(checker), IsEmpty());
  two.BecomeLeaderWith(3_node);
  EXPECT_THAT(RulesOf(checker), Contains("leader-completeness"));
}

TEST(InvariantsOfElections, AVoteLeavesOnlyWhenItIsDurable) {
  ClusterChecker checker;
  checker.OnSend({2_node, 1_node, 4_term, VoteReply{.granted = true, .for_term = 4_term}});
  EXPECT_THAT(RulesOf(checker), Contains("vote-is-durable"));
}

TEST(InvariantsOfElections, AMemberVotesOnceInATermForEver) {
  ClusterChecker checker;
  const auto votes_for = [&](NodeId candidate) {
    checker.OnDurable(2_node, {.id = PersistId(1), .vote = Vote{4_term, candidate}});
    checker.OnSend({2_node, candidate, 4_term, VoteReply{.granted = true, .for_term = 4_term}});
  };
  votes_for(1_node);
  EXPECT_THAT(RulesOf(checker), IsEmpty());
  votes_for(3_node);
  EXPECT_THAT(RulesOf(checker), Contains("one-vote"));
}

TEST(InvariantsOfElections, AVoteRequestIsAVote) {
  ClusterChecker checker;
  checker.OnSend({2_node, 1_node, 4_term, VoteRequest{.for_term = 4_term, .round = 1}});
  EXPECT_THAT(RulesOf(checker), Contains("vote-is-durable"));
}

TEST(InvariantsOfElections, AVoteInMemoryDoesNotChangeAndATermDoesNotFall) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree, {}, {4_term, 2_node});
  Options options = BenchOptions(1_node);
  Restored other({.last = {}, .config = Shared(kThree)});
  other.vote = {4_term, 3_node};
  checker.OnStep(Raft(options, std::move(other)), {});
  EXPECT_THAT(RulesOf(checker), Contains("one-vote"));
  Restored earlier({.last = {}, .config = Shared(kThree)});
  earlier.vote = {3_term, NodeId()};
  checker.OnStep(Raft(options, std::move(earlier)), {});
  EXPECT_THAT(RulesOf(checker), Contains("term-forward"));
}

TEST(InvariantsOfElections, WhoIsDamagedStandsForNothing) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree, {}, {4_term, NodeId()}, /*damaged=*/true);
  Output out;
  out.send_now.push_back({1_node, 2_node, 4_term, VoteRequest{.pre = true, .for_term = 5_term}});
  checker.OnStep(one.core(), out);
  EXPECT_THAT(RulesOf(checker), Contains("unfit-does-not-stand"));
}

TEST(InvariantsOfElections, WhoIsDamagedGrantsNothing) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree, {}, {4_term, NodeId()}, /*damaged=*/true);
  Output out;
  out.send_now.push_back({1_node, 2_node, 4_term, VoteReply{.pre = true, .granted = true}});
  checker.OnStep(one.core(), out);
  EXPECT_THAT(RulesOf(checker), Contains("damaged-does-not-vote"));
}

TEST(InvariantsOfElections, WhoLostItsDirectoryGrantsNothingUnderItsOldId) {
  ClusterChecker checker;
  checker.OnDiskWiped(2_node);
  checker.OnSend({2_node, 1_node, 1_term, VoteReply{.pre = true, .granted = true}});
  EXPECT_THAT(RulesOf(checker), Contains("wiped-is-inert"));
}

TEST(InvariantsOfElections, WhoHearsALeaderHelpsNobodyElse) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  one.Take(Message{2_node, 1_node, 1_term, HeartbeatRequest{.round = 1}});
  const Message asks{3_node, 1_node, 1_term,
                     VoteRequest{.pre = true, .for_term = 2_term, .round = 1}};
  checker.OnInput(one.core(), {one.now(), asks});
  Output out;
  out.send_now.push_back(
      {1_node, 3_node, 1_term, VoteReply{.pre = true, .granted = true, .for_term = 2_term}});
  checker.OnStep(one.core(), out);
  EXPECT_THAT(RulesOf(checker), Contains("sticks-to-leader"));
}

TEST(InvariantsOfElections, ALeaderWhomAMajorityHearsLeadsOn) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  one.BecomeLeaderWith(2_node);
  one.Persisted();
  one.Take(one.Reply(2_node, 1_index));
  // The same term again, and it follows: as if it had stepped down.
  Restored other({.last = {}, .config = Shared(kThree)});
  other.vote = one.core().vote();
  checker.OnInput(one.core(), {one.now(), Tick{}});
  checker.OnStep(Raft(BenchOptions(1_node), std::move(other)), {});
  EXPECT_THAT(RulesOf(checker), Contains("leads-on"));
}

}  // namespace
}  // namespace keel::raft
