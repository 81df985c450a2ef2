#include "server/node/pending.h"

#include <gtest/gtest.h>

#include <optional>

namespace keel::node {
namespace {

constexpr NodeId kSelf(1);
constexpr NodeId kOther(2);

class PendingTest : public testing::Test {
 protected:
  // A proposal whose outcomes are kept: more than one is a failure.
  std::vector<ProposalOutcome>& Ask(std::string command, bool local_only = false) {
    outcomes_.push_back(std::make_unique<std::vector<ProposalOutcome>>());
    auto* kept = outcomes_.back().get();
    pending_.Add({.command = Payload::Of(std::move(command)),
                  .local_only = local_only,
                  .done = [kept](const ProposalOutcome& outcome) { kept->push_back(outcome); }},
                 now_ms_);
    return *kept;
  }
  uint64_t TakeOne(NodeId leader = kOther) {
    const auto taken = pending_.Take({leader, Term(2)}, SIZE_MAX, now_ms_);
    EXPECT_EQ(taken.size(), 1u);
    return taken.empty() ? 0 : taken.front().sequence;
  }
  static DropReason Why(const std::vector<ProposalOutcome>& outcomes) {
    EXPECT_EQ(outcomes.size(), 1u);
    return std::get<Dropped>(outcomes.at(0)).reason;
  }

  uint64_t now_ms_ = 1'000;
  std::vector<std::unique_ptr<std::vector<ProposalOutcome>>> outcomes_;
  Pending pending_{{.self = kSelf,
                    .boot = raft::BootId(1),
                    .proposals_bytes_max = 100'000,
                    .proposals_max = 4,
                    .leader_patience_ms = 100,
                    .settle_ms = 50,
                    .proposal_patience_ms = 500}};
};

TEST_F(PendingTest, AppliedEndsItOnce) {
  auto& outcomes = Ask("a");
  const uint64_t sequence = TakeOne();
  pending_.Placed(sequence, {Index(5), Term(2)});
  pending_.OnApplied(sequence, {.index = Index(5), .term = Term(2)});
  pending_.OnAppliedThrough({Index(9), Term(2)});
  pending_.OnApplied(sequence, {.index = Index(5), .term = Term(2)});
  pending_.Shutdown();
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Applied>(outcomes[0]));
  EXPECT_EQ(pending_.late_count(), 1u);
  EXPECT_EQ(pending_.size_bytes(), 0u);
}

TEST_F(PendingTest, AnotherEntryInItsPlaceDropsIt) {
  auto& outcomes = Ask("a");
  pending_.Placed(TakeOne(), {Index(5), Term(2)});
  pending_.OnAppliedThrough({Index(4), Term(2)});
  EXPECT_TRUE(outcomes.empty());
  pending_.OnAppliedThrough({Index(5), Term(2)});
  EXPECT_EQ(Why(outcomes), DropReason::kSuperseded);
}

TEST_F(PendingTest, IsHeldForALeaderAndThenDropped) {
  auto& outcomes = Ask("a");
  pending_.Settle(now_ms_ + 99);
  EXPECT_TRUE(outcomes.empty());
  pending_.Settle(now_ms_ + 100);
  EXPECT_EQ(Why(outcomes), DropReason::kNoLeader);
  EXPECT_TRUE(pending_.Take({kOther, Term(2)}, SIZE_MAX, now_ms_).empty());
}

TEST_F(PendingTest, ALostLeaderMakesItUnknownUnlessItTurnsUp) {
  auto& lost = Ask("a");
  auto& found = Ask("b");
  const auto taken = pending_.Take({kOther, Term(2)}, SIZE_MAX, now_ms_);
  ASSERT_EQ(taken.size(), 2u);
  pending_.OnLeaderLost(kOther, UnknownReason::kLinkLost, now_ms_);
  pending_.OnApplied(taken[1].sequence, {.index = Index(3), .term = Term(1)});
  pending_.Settle(now_ms_ + 50);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(std::get<Unknown>(lost[0]).reason, UnknownReason::kLinkLost);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Applied>(found[0]));
}

TEST_F(PendingTest, ALaterTermEndsWhatALostLeaderHad) {
  auto& forwarded = Ask("a");
  auto& placed = Ask("b");
  const auto taken = pending_.Take({kOther, Term(2)}, SIZE_MAX, now_ms_);
  ASSERT_EQ(taken.size(), 2u);
  pending_.Placed(taken[1].sequence, {Index(9), Term(2)});
  pending_.OnLeaderLost(kOther, UnknownReason::kLinkLost, now_ms_);
  auto& next = Ask("c");
  const auto again = pending_.Take({kSelf, Term(3)}, SIZE_MAX, now_ms_);
  ASSERT_EQ(again.size(), 1u);
  // The rest of the lost one's entries may be among what is committed first.
  pending_.OnAppliedThrough({Index(6), Term(2)});
  EXPECT_TRUE(forwarded.empty());
  EXPECT_TRUE(placed.empty());
  pending_.OnAppliedThrough({Index(7), Term(3)});
  ASSERT_EQ(forwarded.size(), 1u);
  EXPECT_EQ(std::get<Unknown>(forwarded[0]).reason, UnknownReason::kLinkLost);
  EXPECT_EQ(Why(placed), DropReason::kSuperseded);
  EXPECT_TRUE(next.empty());
}

// One that handed over: its refusal may still be on the way, and is worth waiting for.
TEST_F(PendingTest, ALeaderThatSteppedDownMayStillRefuseInALaterTerm) {
  auto& outcomes = Ask("a");
  const uint64_t first = TakeOne();
  pending_.OnLeaderLost(kOther, UnknownReason::kLeaderChanged, now_ms_);
  pending_.OnAppliedThrough({Index(7), Term(3)});
  EXPECT_TRUE(outcomes.empty());
  pending_.Refused(first, raft::ProposalRefusal::kNotLeader, now_ms_);
  EXPECT_TRUE(outcomes.empty());
  EXPECT_TRUE(pending_.HasHeld());
}

// A link that breaks and heals says nothing of the log.
TEST_F(PendingTest, ALaterTermEndsNothingOfALeaderThatIsNotLost) {
  auto& outcomes = Ask("a");
  ASSERT_EQ(pending_.Take({kSelf, Term(3)}, SIZE_MAX, now_ms_).size(), 1u);
  pending_.OnLeaderLost(kOther, UnknownReason::kLinkLost, now_ms_);
  pending_.OnAppliedThrough({Index(7), Term(4)});
  EXPECT_TRUE(outcomes.empty());
}

// It led, was lost, led again, and only then took what had been forwarded.
TEST_F(PendingTest, ALostLeaderThatCameAgainMayHavePlacedItLater) {
  auto& outcomes = Ask("a");
  const auto taken = pending_.Take({kOther, Term(2)}, SIZE_MAX, now_ms_);
  pending_.OnLeaderLost(kOther, UnknownReason::kLeaderChanged, now_ms_);
  pending_.Placed(taken.at(0).sequence, {Index(9), Term(4)});
  pending_.OnAppliedThrough({Index(8), Term(4)});
  EXPECT_TRUE(outcomes.empty());
  pending_.OnApplied(taken[0].sequence, {.index = Index(9), .term = Term(4)});
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Applied>(outcomes[0]));
}

// Pitfall 58: it is never handed on again, whoever leads next.
TEST_F(PendingTest, IsNotHandedOnTwiceAfterALeaderChange) {
  Ask("a");
  TakeOne();
  pending_.OnLeaderLost(kOther, UnknownReason::kLeaderChanged, now_ms_);
  EXPECT_TRUE(pending_.Take({kSelf, Term(2)}, SIZE_MAX, now_ms_).empty());
}

TEST_F(PendingTest, ARefusalProvesThatItMayBeHandedOnUnderAnotherSequence) {
  auto& outcomes = Ask("a");
  const uint64_t first = TakeOne();
  pending_.Refused(first, raft::ProposalRefusal::kTransferring, now_ms_);
  const uint64_t second = TakeOne();
  EXPECT_GT(second, first);
  pending_.OnApplied(first, {});  // an impostor
  EXPECT_TRUE(outcomes.empty());
  pending_.OnApplied(second, {.index = Index(3), .term = Term(1)});
  EXPECT_EQ(outcomes.size(), 1u);
}

TEST_F(PendingTest, ASnapshotOverItsPlaceMakesItUnknown) {
  auto& under_way = Ask("a");
  TakeOne();
  auto& held = Ask("b");
  pending_.OnOvertaken();
  ASSERT_EQ(under_way.size(), 1u);
  EXPECT_EQ(std::get<Unknown>(under_way[0]).reason, UnknownReason::kOvertaken);
  EXPECT_TRUE(held.empty());
}

TEST_F(PendingTest, WhatMustNotBeForwardedIsDroppedElsewhere) {
  auto& outcomes = Ask("a", /*local_only=*/true);
  EXPECT_TRUE(pending_.Take({kOther, Term(2)}, SIZE_MAX, now_ms_).empty());
  EXPECT_EQ(Why(outcomes), DropReason::kNoLeader);
}

TEST_F(PendingTest, TheBoundDropsAtOnceAndLeavesRoomForWhatIsEssential) {
  for (int i = 0; i < 4; ++i) Ask("a");
  EXPECT_EQ(Why(Ask("b")), DropReason::kOverloaded);
  bool called = false;
  pending_.Add({.command = Payload::Of("c"),
                .essential = true,
                .done = [&](const ProposalOutcome&) { called = true; }},
               now_ms_);
  EXPECT_FALSE(called);
}

TEST_F(PendingTest, ShutdownTellsHeldFromUnderWay) {
  auto& under_way = Ask("a");
  TakeOne();
  auto& held = Ask("b");
  pending_.Shutdown();
  EXPECT_EQ(Why(held), DropReason::kShuttingDown);
  ASSERT_EQ(under_way.size(), 1u);
  EXPECT_EQ(std::get<Unknown>(under_way[0]).reason, UnknownReason::kShuttingDown);
  EXPECT_EQ(Why(Ask("c")), DropReason::kShuttingDown);
}

}  // namespace
}  // namespace keel::node
