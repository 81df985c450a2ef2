// What a run must have reached, beyond breaking no rule.
#include "tests/sim/campaign.h"

#include <gtest/gtest.h>

#include "tests/sim/cells.h"

namespace keel::sim {
namespace {

// A hundred seeds that leave nothing to be desired.
Totals GoodTotals() {
  Totals totals;
  totals.seeds = totals.lively_seeds = 100;
  totals.simulated = 1'000 * kSecond;
  totals.tally.offered = 100'000;
  totals.tally.acknowledged = 1;
  totals.leader_after_timeouts.assign(100, 2.0);
  for (const Cell& cell : PossibleCells()) {
    totals.matrix.cells[static_cast<size_t>(cell.fault)][static_cast<size_t>(cell.phase)] = 1;
  }
  return totals;
}

constexpr RunFacts kFull{.real_s = 5, .is_full = true, .judges_speed = true};

TEST(SimVerdict, AFullRunIsHeldToItsTargets) {
  EXPECT_EQ(WhyNotGoodEnough(GoodTotals(), kFull), "");
  Totals slow_to_lead = GoodTotals();
  for (size_t i = 0; i < 2; ++i) slow_to_lead.leader_after_timeouts[i] = 5.1;
  EXPECT_NE(WhyNotGoodEnough(slow_to_lead, kFull), "");
  Totals uncovered = GoodTotals();
  uncovered.matrix = Matrix();
  EXPECT_NE(WhyNotGoodEnough(uncovered, kFull), "");
  EXPECT_NE(WhyNotGoodEnough(GoodTotals(), {.real_s = 5.1, .is_full = true, .judges_speed = true}),
            "");
}

TEST(SimVerdict, SpeedIsJudgedOnlyWhereItMeansSomethingAndShortRunsAreNot) {
  EXPECT_EQ(WhyNotGoodEnough(GoodTotals(), {.real_s = 500, .is_full = true}), "");
  Totals poor = GoodTotals();
  poor.matrix = Matrix();
  poor.leader_after_timeouts.assign(100, 50.0);
  EXPECT_EQ(WhyNotGoodEnough(poor, {.real_s = 500, .judges_speed = true}), "");
}

TEST(SimVerdict, ASlowMachineTakesLongerAndCoversTheSame) {
  const RunLimits limits{.seconds = 60, .covering_seeds = 80};
  Totals uncovered = GoodTotals();
  uncovered.matrix = Matrix();
  uncovered.seeds = 79;
  EXPECT_FALSE(IsDone(uncovered, limits, 500));
  uncovered.seeds = 80;
  EXPECT_TRUE(IsDone(uncovered, limits, 500));
  EXPECT_FALSE(IsDone(uncovered, limits, 59));
  Totals covered = GoodTotals();
  covered.seeds = 20;
  EXPECT_TRUE(IsDone(covered, limits, 60));
  EXPECT_TRUE(IsDone(uncovered, {.seeds = 80}, 1));
  EXPECT_TRUE(IsDone(uncovered, {.seconds = 60}, 60)) << "no seeds beyond the time";
}

TEST(SimVerdict, ARunThatDidNothingProvesNothing) {
  Totals idle = GoodTotals();
  idle.tally.offered = 99'999;
  EXPECT_NE(WhyNotGoodEnough(idle, {.real_s = 1}), "");
  Totals mute = GoodTotals();
  mute.lively_seeds = 94;
  EXPECT_NE(WhyNotGoodEnough(mute, {.real_s = 1}), "");
  Totals refused = GoodTotals();
  refused.tally.acknowledged = 0;
  EXPECT_NE(WhyNotGoodEnough(refused, {.real_s = 1}), "");
}

}  // namespace
}  // namespace keel::sim
