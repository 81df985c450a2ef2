#include "raft/progress.h"

#include <gtest/gtest.h>

namespace keel::raft {
namespace {

Progress Probing(uint64_t match, uint64_t next) {
  Progress peer{.id = NodeId(2), .match = Index(match)};
  peer.BecomeProbe(Index(next));
  return peer;
}

TEST(Inflight, FreesWhatIsAcknowledgedAndKeepsItsBytes) {
  Inflight inflight;
  inflight.Add(Index(3), 100);
  inflight.Add(Index(5), 10);
  inflight.Add(Index(9), 1);
  inflight.FreeUpTo(Index(4));
  EXPECT_EQ(inflight.messages(), 2u);
  EXPECT_EQ(inflight.bytes(), 11u);
  inflight.FreeUpTo(Index(9));
  EXPECT_EQ(inflight.messages(), 0u);
  EXPECT_EQ(inflight.bytes(), 0u);
}

TEST(Inflight, ForgetsAllAtOnce) {
  Inflight inflight;
  inflight.Add(Index(3), 100);
  inflight.Clear();
  EXPECT_EQ(inflight.messages(), 0u);
  EXPECT_EQ(inflight.bytes(), 0u);
}

TEST(Progress, AProbeWaitsForItsReply) {
  Progress peer = Probing(0, 5);
  EXPECT_FALSE(peer.IsPaused(1, 1));
  peer.probing = true;
  EXPECT_TRUE(peer.IsPaused(1, 1));
}

TEST(Progress, ReplicationPausesAtEitherBound) {
  Progress peer = Probing(0, 1);
  peer.BecomeReplicate();
  peer.inflight.Add(Index(1), 10);
  EXPECT_FALSE(peer.IsPaused(2, 11));
  EXPECT_TRUE(peer.IsPaused(1, 11));
  EXPECT_TRUE(peer.IsPaused(2, 10));
}

TEST(Progress, APeerThatAwaitsASnapshotIsSentNothing) {
  Progress peer = Probing(0, 1);
  peer.BecomeSnapshot(Instant(70), Index(4));
  EXPECT_TRUE(peer.IsPaused(1'000, 1'000));
  EXPECT_EQ(peer.snapshot_asked_at, Instant(70));
  EXPECT_TRUE(peer.snapshot_index.IsNone());
}

TEST(Progress, AnAcknowledgementRaisesMatchAndNextAndFreesWhatWasInFlight) {
  Progress peer = Probing(0, 1);
  peer.BecomeReplicate();
  peer.inflight.Add(Index(3), 10);
  peer.next = Index(4);
  EXPECT_TRUE(peer.Acknowledge(Index(3)));
  EXPECT_EQ(peer.match, Index(3));
  EXPECT_EQ(peer.next, Index(4));
  EXPECT_EQ(peer.inflight.messages(), 0u);
}

TEST(Progress, ALateAcknowledgementTakesNothingBack) {
  Progress peer = Probing(7, 8);
  EXPECT_FALSE(peer.Acknowledge(Index(5)));
  EXPECT_FALSE(peer.Acknowledge(Index(7)));
  EXPECT_EQ(peer.match, Index(7));
  EXPECT_EQ(peer.next, Index(8));
}

TEST(Progress, ARefusalMovesTheProbeToWhereTheLogsMayMeet) {
  Progress peer = Probing(0, 20);
  peer.probing = true;
  EXPECT_TRUE(peer.Refuse(Index(19), Index(6)));
  EXPECT_EQ(peer.next, Index(7));
  EXPECT_FALSE(peer.probing);
}

TEST(Progress, ARefusalAlwaysMovesTheProbeBack) {
  Progress peer = Probing(0, 20);
  EXPECT_TRUE(peer.Refuse(Index(19), Index(19)));
  EXPECT_EQ(peer.next, Index(19));
}

TEST(Progress, AStaleRefusalOfAProbeIsIgnored) {
  Progress peer = Probing(0, 20);
  EXPECT_FALSE(peer.Refuse(Index(12), Index(3)));
  EXPECT_EQ(peer.next, Index(20));
}

TEST(Progress, ARefusalOfWhatWasAcknowledgedIsStale) {
  Progress peer = Probing(9, 10);
  peer.BecomeReplicate();
  EXPECT_FALSE(peer.Refuse(Index(9), Index(2)));
  EXPECT_EQ(peer.state, FlowState::kReplicate);
}

TEST(Progress, ARefusalNeverTakesTheProbeBelowMatch) {
  Progress peer = Probing(4, 5);
  peer.BecomeReplicate();
  peer.next = Index(30);
  EXPECT_TRUE(peer.Refuse(Index(29), Index(1)));
  EXPECT_EQ(peer.state, FlowState::kProbe);
  EXPECT_EQ(peer.next, Index(5));
}

TEST(Progress, WhoIsNotWholeCountsForNothing) {
  Progress peer = Probing(9, 10);
  EXPECT_EQ(peer.CountedMatch(), Index(9));
  peer.health = Health::kDamaged;
  EXPECT_EQ(peer.CountedMatch(), Index());
  peer.health = Health::kEmpty;
  EXPECT_EQ(peer.CountedMatch(), Index());
}

}  // namespace
}  // namespace keel::raft
