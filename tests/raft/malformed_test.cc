#include <gtest/gtest.h>

#include <string>

#include "tests/support/builders.h"
#include "tests/support/cluster.h"

namespace keel::raft {
namespace {

std::unique_ptr<Cluster> Led() {
  auto cluster = std::make_unique<Cluster>();
  cluster->Bootstrap(Ids({1, 2, 3}));
  cluster->Elect(1_node);
  cluster->Propose(1_node, {"a", "b"});
  cluster->Settle();
  return cluster;
}

// Whether the message was dropped, and counted, and nothing else came of it.
bool IsDropped(Cluster& cluster, const Message& message) {
  const Raft& core = cluster.core(message.to);
  const uint64_t dropped = core.dropped_message_count();
  const Position last = core.log().last();
  const Index commit = core.commit();
  const Term term = core.term();
  cluster.Inject(message);
  return core.dropped_message_count() == dropped + 1 && core.log().last() == last &&
         core.commit() == commit && core.term() == term;
}

TEST(Malformed, AMessageForSomebodyElseIsDropped) {
  auto cluster = Led();
  const Input input{cluster->now(), Message{3_node, 2_node, 9_term, TimeoutNow{}}};
  Output out;
  Raft core({.id = 1_node, .boot = BootId(1)}, Restored());
  core.Step({&input, 1}, out);
  EXPECT_EQ(core.dropped_message_count(), 1u);
  EXPECT_EQ(core.term(), Term());
}

TEST(Malformed, ASecondLeaderOfTheTermIsNotBelieved) {
  auto cluster = Led();
  EXPECT_TRUE(IsDropped(*cluster, {3_node, 2_node, 1_term,
                                   AppendRequest{.prev = At(3, 1), .entries = {MakeEntry(4, 1)}}}));
  EXPECT_TRUE(IsDropped(*cluster, {3_node, 2_node, 1_term, HeartbeatRequest{.round = 1}}));
  EXPECT_TRUE(IsDropped(*cluster, {3_node, 1_node, 1_term, HeartbeatRequest{.round = 1}}));
}

TEST(Malformed, AnAppendThatContradictsWhatIsCommittedIsDropped) {
  auto cluster = Led();
  EXPECT_TRUE(IsDropped(*cluster, {1_node, 2_node, 2_term,
                                   AppendRequest{.prev = At(1, 1),
                                                 .entries = {MakeEntry(2, 2), MakeEntry(3, 2),
                                                             MakeEntry(4, 2)}}}) ||
              cluster->core(2_node).log().Matches(At(3, 1)));
  EXPECT_TRUE(cluster->core(2_node).log().Matches(At(2, 1)));
}

TEST(Malformed, AnAcknowledgementOfMoreThanWasSentIsDropped) {
  auto cluster = Led();
  EXPECT_TRUE(IsDropped(*cluster,
                        {2_node, 1_node, 1_term, AppendReply{.success = true, .match = 99_index}}));
}

TEST(Malformed, RepliesFromStrangersSayNothing) {
  auto cluster = Led();
  const Index commit = cluster->core(1_node).commit();
  cluster->Hold(2_node, 1_node);
  cluster->Hold(3_node, 1_node);
  cluster->Propose(1_node, {"c"});
  cluster->Settle();
  for (uint64_t stranger : {7, 8, 9}) {
    cluster->Inject({NodeId(stranger), 1_node, 1_term,
                     AppendReply{.success = true, .boot = BootId(1), .match = 4_index}});
  }
  EXPECT_EQ(cluster->core(1_node).commit(), commit);
}

TEST(Malformed, VotesFromStrangersElectNobody) {
  Cluster cluster;
  cluster.Bootstrap(Ids({1, 2, 3}));
  cluster.Campaign(1_node);
  for (uint64_t stranger : {7, 8, 9}) {
    cluster.Inject({NodeId(stranger), 1_node, Term(),
                    VoteReply{.pre = true, .granted = true, .for_term = 1_term, .round = 1}});
  }
  EXPECT_EQ(cluster.core(1_node).role(), Role::kPreCandidate);
}

TEST(Malformed, ATermNearTheEndOfNumbersStopsNobodyFromRunning) {
  auto cluster = Led();
  cluster->Inject(
      {3_node, 2_node, Term(kOrdinalMax), AppendReply{.success = true, .match = 1_index}});
  cluster->Advance(5'000);
  EXPECT_EQ(cluster->core(2_node).term(), Term(kOrdinalMax));
  EXPECT_NE(cluster->core(2_node).role(), Role::kLeader);
}

TEST(Malformed, ReportsThatTheDriverNeverOwedAreIgnored) {
  auto cluster = Led();
  const Index commit = cluster->core(1_node).commit();
  const Event events[] = {
      PersistDone{PersistId(999)},
      Applied{99_index},
      Applied{1_index},
      Compact{99_index},
      SnapshotReady{2_node, {}},
      SnapshotReady{9_node, cluster->core(1_node).MetaAt(3_index)},
      SnapshotFailed{9_node},
      EntriesFetched{.peer = 2_node, .first = 1_index},
      EntriesFetched{.first = 1_index, .entries = {MakeEntry(1, 1)}},
      PeerLost{9_node, true},
      ChangeConfig{},
      TransferLeadership{9_node},
      Propose{},
      ReadRequest{},
  };
  for (const Event& event : events) cluster->Step(1_node, event);
  EXPECT_EQ(cluster->core(1_node).commit(), commit);
  EXPECT_EQ(cluster->core(1_node).role(), Role::kLeader);
  EXPECT_EQ(cluster->core(1_node).applied(), commit);
}

}  // namespace
}  // namespace keel::raft
