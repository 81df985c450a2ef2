#include "raft/read_rounds.h"

#include <gtest/gtest.h>

namespace keel::raft {
namespace {

PendingReads Reads(uint64_t first, size_t count, uint64_t index = 1) {
  PendingReads reads{.asker = NodeId(1), .index = Index(index)};
  for (size_t i = 0; i < count; ++i) reads.ids.push_back({NodeId(1), BootId(1), first + i});
  return reads;
}

TEST(ReadRounds, ReadsWaitForABroadcastMadeAfterThem) {
  ReadRounds rounds;
  std::vector<PendingReads> out;
  rounds.BeginRound(1);
  rounds.Add(Reads(1, 2));
  EXPECT_TRUE(rounds.WantsRound());
  rounds.Confirm(1, &out);
  EXPECT_TRUE(out.empty()) << "round 1 began before the reads did";
  rounds.BeginRound(2);
  EXPECT_FALSE(rounds.WantsRound());
  rounds.Confirm(1, &out);
  EXPECT_TRUE(out.empty());
  rounds.Confirm(2, &out);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].ids.size(), 2u);
  EXPECT_EQ(rounds.read_count(), 0u);
}

TEST(ReadRounds, ALaterRoundConfirmsTheEarlierOnes) {
  ReadRounds rounds;
  std::vector<PendingReads> out;
  rounds.Add(Reads(1, 1, 5));
  rounds.BeginRound(3);
  rounds.Add(Reads(2, 1, 6));
  rounds.BeginRound(4);
  rounds.Add(Reads(3, 1, 7));
  rounds.Confirm(9, &out);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].index, Index(5));
  EXPECT_EQ(out[1].index, Index(6));
  EXPECT_EQ(rounds.read_count(), 1u);
  EXPECT_TRUE(rounds.WantsRound());
}

TEST(ReadRounds, ARoundWithoutReadsIsNotKept) {
  ReadRounds rounds;
  rounds.BeginRound(1);
  EXPECT_FALSE(rounds.HasRoundInFlight());
}

TEST(ReadRounds, GivesEverythingBackWhenTheLeaderIsOneNoLonger) {
  ReadRounds rounds;
  std::vector<PendingReads> out;
  rounds.Add(Reads(1, 3));
  rounds.BeginRound(1);
  rounds.Add(Reads(4, 2));
  EXPECT_EQ(rounds.read_count(), 5u);
  rounds.TakeAll(&out);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(rounds.read_count(), 0u);
  EXPECT_FALSE(rounds.WantsRound());
  EXPECT_FALSE(rounds.HasRoundInFlight());
}

}  // namespace
}  // namespace keel::raft
