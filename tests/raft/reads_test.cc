#include <gtest/gtest.h>

#include "tests/support/builders.h"
#include "tests/support/cluster.h"

namespace keel::raft {
namespace {

using Fate = ReadRecord::Fate;

std::unique_ptr<Cluster> Led(const Options& options = {}) {
  auto cluster = std::make_unique<Cluster>(options);
  cluster->Bootstrap(Ids({1, 2, 3}));
  cluster->Elect(1_node);
  return cluster;
}

TEST(Reads, ALeaderAnswersOnceAMajorityHasHeardIt) {
  auto cluster = Led();
  cluster->Hold(1_node, 2_node);
  cluster->Hold(1_node, 3_node);
  const size_t read = cluster->Read(1_node);
  cluster->Settle();
  EXPECT_EQ(cluster->read(read).fate, Fate::kWaiting);
  cluster->Deliver({1_node, 2_node});
  cluster->Settle();
  EXPECT_EQ(cluster->read(read).fate, Fate::kAnswered);
}

TEST(Reads, AFollowerAsksItsLeader) {
  auto cluster = Led();
  cluster->Propose(1_node, {"x"});
  cluster->Settle();
  const size_t read = cluster->Read(3_node);
  cluster->Settle();
  EXPECT_EQ(cluster->read(read).fate, Fate::kAnswered);
  EXPECT_EQ(cluster->read(read).index, 2_index);
}

TEST(Reads, ALearnerReadsLikeAFollower) {
  auto cluster = Led();
  cluster->Change(1_node, {{.kind = ConfigOpKind::kAddLearner, .id = 4_node}});
  cluster->Settle();
  cluster->Add(4_node);
  cluster->Start(4_node);
  cluster->Advance(1'000);
  const size_t read = cluster->Read(4_node);
  cluster->Settle();
  EXPECT_EQ(cluster->read(read).fate, Fate::kAnswered);
}

TEST(Reads, ALoneLeaderAnswersAtOnce) {
  Cluster cluster;
  cluster.Bootstrap(Ids({1}));
  cluster.Elect(1_node);
  const size_t read = cluster.Read(1_node);
  EXPECT_EQ(cluster.read(read).fate, Fate::kAnswered);
}

TEST(Reads, ADeposedLeaderRefusesWhatItCouldNotConfirm) {
  auto cluster = Led();
  cluster->Isolate(1_node);
  const size_t read = cluster->Read(1_node);
  cluster->Advance(3'000);
  EXPECT_EQ(cluster->read(read).fate, Fate::kRefused);
  EXPECT_EQ(cluster->read(read).refusal, ReadRefusal::kLeaderChanged);
}

TEST(Reads, AForwardedReadThatNobodyAnswersTimesOut) {
  auto cluster = Led();
  cluster->Hold(3_node, 1_node);
  const size_t read = cluster->Read(3_node);
  // Heartbeats keep coming, so the leader is not in doubt; only the answer never comes.
  cluster->Advance(2'500);
  EXPECT_EQ(cluster->read(read).fate, Fate::kRefused);
  EXPECT_EQ(cluster->read(read).refusal, ReadRefusal::kTimedOut);
}

// Whoever asked need not wait until it is clear that no answer comes.
TEST(Reads, AForwardedReadEndsWithTheLinkThatItTook) {
  auto cluster = Led();
  cluster->Hold(3_node, 1_node);
  const size_t lost = cluster->Read(3_node);
  cluster->LosePeer(3_node, 2_node, /*refused=*/false);
  EXPECT_EQ(cluster->read(lost).fate, Fate::kWaiting) << "it went to another";
  cluster->LosePeer(3_node, 1_node, /*refused=*/false);
  EXPECT_EQ(cluster->read(lost).fate, Fate::kRefused);
  EXPECT_EQ(cluster->read(lost).refusal, ReadRefusal::kTimedOut);
  cluster->Release(3_node, 1_node);
  const size_t again = cluster->Read(3_node);
  cluster->Settle();
  EXPECT_EQ(cluster->read(again).fate, Fate::kAnswered);
}

TEST(Reads, AFollowerIsToldThatItsLeaderHasTooMany) {
  auto cluster = Led({.reads_pending_max = 2});
  cluster->Hold(1_node, 2_node);
  cluster->Hold(1_node, 3_node);
  (void)cluster->Read(1_node);
  (void)cluster->Read(1_node);
  const size_t read = cluster->Read(3_node);
  cluster->Settle();
  cluster->Deliver({1_node, 3_node}, /*newest=*/true);
  EXPECT_EQ(cluster->read(read).fate, Fate::kRefused);
  EXPECT_EQ(cluster->read(read).refusal, ReadRefusal::kTooMany);
}

TEST(Reads, AFollowersForwardedReadsAreBounded) {
  auto cluster = Led({.reads_pending_max = 3});
  cluster->Hold(3_node, 1_node);
  for (int i = 0; i < 3; ++i) cluster->Read(3_node);
  const size_t fourth = cluster->Read(3_node);
  EXPECT_EQ(cluster->read(fourth).refusal, ReadRefusal::kTooMany);
  EXPECT_EQ(cluster->read(fourth).fate, Fate::kRefused);
}

TEST(Reads, ADoubledAnswerAnswersOnce) {
  auto cluster = Led();
  cluster->Hold(1_node, 3_node);
  cluster->Read(3_node);
  cluster->Settle();
  const Message* held = nullptr;
  for (const Message& message : cluster->wire().messages()) {
    if (std::holds_alternative<ReadIndexReply>(message.body)) held = &message;
  }
  ASSERT_NE(held, nullptr);
  const Message answer = *held;
  cluster->Inject(answer);
  EXPECT_EQ(cluster->read(1).fate, Fate::kAnswered);
  const auto narration = cluster->TakeNarration();
  cluster->Inject(answer);
  EXPECT_TRUE(cluster->TakeNarration().empty()) << "an id is answered once";
}

TEST(Reads, ManyReadsCostOneRound) {
  auto cluster = Led();
  cluster->Hold(1_node, 2_node);
  for (int i = 0; i < 1'000; ++i) cluster->Read(1_node);
  cluster->Settle();
  EXPECT_LE(cluster->wire().CountOn({1_node, 2_node}), 3u);
  for (const ReadRecord& read : cluster->reads()) EXPECT_EQ(read.fate, Fate::kAnswered);
}

}  // namespace
}  // namespace keel::raft
