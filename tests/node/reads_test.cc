// Linearizable reads at one node, from the asking to the one outcome that each gets.
#include "server/node/reads.h"

#include <gtest/gtest.h>

namespace keel::node {
namespace {

constexpr NodeId kSelf{1};
constexpr raft::BootId kBoot{1};

class ReadsTest : public testing::Test {
 protected:
  std::optional<raft::ReadId> Ask(uint64_t now_ms) {
    return reads_.Add(
        [this](const ReadOutcome& outcome, const ReadTimes&) { outcomes_.push_back(outcome); },
        now_ms);
  }
  [[nodiscard]] bool WasRefused(raft::ReadRefusal reason) const {
    const auto* refusal = std::get_if<raft::ReadRefusal>(&outcomes_.at(0));
    return refusal != nullptr && *refusal == reason;
  }

  Reads reads_{{.self = kSelf, .boot = kBoot, .patience_ms = 1'000}};
  std::vector<ReadOutcome> outcomes_;
};

// Found by keel-sim-node, seed 11: a member that is removed without hearing of it never reaches the
// index that its read was given.
TEST_F(ReadsTest, WhatWaitsForAnIndexInVainTimesOut) {
  const auto id = Ask(10'000);
  ASSERT_TRUE(id.has_value());
  reads_.OnReady({.id = *id, .index = Index(7)}, 10'000);
  reads_.Expire(10'900);
  EXPECT_TRUE(outcomes_.empty());
  reads_.Expire(11'500);
  ASSERT_EQ(outcomes_.size(), 1u);
  EXPECT_TRUE(WasRefused(raft::ReadRefusal::kTimedOut));
  EXPECT_EQ(reads_.size(), 0u);
}

TEST_F(ReadsTest, WhatTheCoreNeverAnswersTimesOut) {
  const auto id = Ask(10'000);
  ASSERT_TRUE(id.has_value());
  reads_.Expire(11'500);
  ASSERT_EQ(outcomes_.size(), 1u);
  EXPECT_TRUE(WasRefused(raft::ReadRefusal::kTimedOut));
  reads_.OnReady({.id = *id, .index = Index(7)}, 10'000);  // too late, and forgotten
  EXPECT_EQ(reads_.size(), 0u);
}

// Found by keel-sim-node, seed 1: a retry that was numbered when it was refused came to the core
// behind reads that had been asked for since.
TEST_F(ReadsTest, ARetryIsNumberedWhenItIsAskedAgain) {
  const auto first = Ask(10'000);
  ASSERT_TRUE(first.has_value());
  EXPECT_TRUE(reads_.OnRefused({.id = *first, .reason = raft::ReadRefusal::kNoLeader}, 10'010));
  const auto second = Ask(10'020);
  ASSERT_TRUE(second.has_value());
  const std::vector<raft::ReadId> again = reads_.AskAgain();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_GT(again[0].sequence, second->sequence);
  EXPECT_TRUE(outcomes_.empty());
}

TEST_F(ReadsTest, AStopRefusesAlsoWhatIsToBeAskedAgain) {
  const auto id = Ask(10'000);
  ASSERT_TRUE(id.has_value());
  EXPECT_TRUE(reads_.OnRefused({.id = *id, .reason = raft::ReadRefusal::kNoLeader}, 10'010));
  reads_.Shutdown();
  ASSERT_EQ(outcomes_.size(), 1u);
  EXPECT_TRUE(reads_.AskAgain().empty());
}

}  // namespace
}  // namespace keel::node
