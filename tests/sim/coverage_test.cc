// The coverage matrix: what counts, what cannot be, and how seeds are steered to what is empty.
#include <gtest/gtest.h>

#include "tests/sim/campaign.h"
#include "tests/sim/cells.h"
#include "tests/sim/phases.h"

namespace keel::sim {
namespace {

uint32_t CountOf(const Matrix& matrix, FaultKind fault, Phase phase) {
  return matrix.cells[static_cast<size_t>(fault)][static_cast<size_t>(phase)];
}

TEST(SimPhases, ACellCountsWhenTheFaultStartsWithinAndThePhaseEnds) {
  PhaseTracker phases(nullptr);
  phases.FaultStarted(FaultKind::kCut);
  phases.Begin(Phase::kJoint, 1);
  phases.FaultStarted(FaultKind::kLoss);
  EXPECT_EQ(CountOf(phases.matrix(), FaultKind::kLoss, Phase::kJoint), 0u);
  phases.End(Phase::kJoint, 1);
  phases.FaultStarted(FaultKind::kPause);
  EXPECT_EQ(CountOf(phases.matrix(), FaultKind::kLoss, Phase::kJoint), 1u);
  EXPECT_EQ(CountOf(phases.matrix(), FaultKind::kCut, Phase::kJoint), 0u) << "it was before";
  EXPECT_EQ(CountOf(phases.matrix(), FaultKind::kPause, Phase::kJoint), 0u) << "it was after";
}

TEST(SimPhases, PhasesOfSeveralHostsGoOnSideBySide) {
  PhaseTracker phases(nullptr);
  phases.Begin(Phase::kRestart, 1);
  phases.Begin(Phase::kRestart, 2);
  phases.End(Phase::kRestart, 1);
  EXPECT_TRUE(phases.IsUnderWay(Phase::kRestart));
  EXPECT_FALSE(phases.IsUnderWay(Phase::kRestart, 1));
  phases.EndAllOf(2);
  EXPECT_FALSE(phases.IsUnderWay(Phase::kRestart));
  EXPECT_EQ(phases.ended_count(Phase::kRestart), 2u);
}

TEST(SimCells, EveryCellIsEitherPossibleOrHasAReason) {
  size_t impossible = 0;
  const Chart& chart = CoreChart();
  for (const FaultKind fault : chart.faults) {
    for (const Phase phase : chart.phases) {
      const Cell cell{fault, phase};
      impossible += WhyImpossible(cell).empty() ? 0 : 1;
    }
  }
  EXPECT_EQ(PossibleCells().size() + impossible, chart.faults.size() * chart.phases.size());
}

TEST(SimCells, TheAimsOfASeedAreItsOwnAndAllCellsAreAimedAt) {
  EXPECT_EQ(AimsOf(7), AimsOf(7));
  EXPECT_NE(AimsOf(7), AimsOf(8));
  Matrix aimed;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    for (const Cell& cell : AimsOf(seed)) {
      ++aimed.cells[static_cast<size_t>(cell.fault)][static_cast<size_t>(cell.phase)];
    }
  }
  for (const Cell& cell : PossibleCells()) {
    EXPECT_GT(CountOf(aimed, cell.fault, cell.phase), 0u)
        << ToString(cell.fault) << " in " << ToString(cell.phase);
  }
}

TEST(SimCampaign, TheEmptiestCellsChooseTheSeed) {
  Campaign campaign(1);
  // Everything is covered but what one seed of the first few aims at.
  constexpr uint64_t kWanted = 17;
  SeedResult covered;
  for (auto& row : covered.matrix.cells) row.fill(1000);
  for (const Cell& cell : AimsOf(kWanted)) {
    covered.matrix.cells[static_cast<size_t>(cell.fault)][static_cast<size_t>(cell.phase)] = 0;
  }
  campaign.Add(covered);
  EXPECT_EQ(campaign.PickSeed(), kWanted);
  EXPECT_NE(campaign.PickSeed(), kWanted) << "no seed is run twice";
}

TEST(SimCampaign, EmptyCellsAreCounted) {
  Totals totals;
  EXPECT_EQ(totals.EmptyCells(), PossibleCells().size());
  SeedResult one;
  one.matrix.cells[0][0] = 1;
  totals.Add(one);
  EXPECT_EQ(totals.EmptyCells(), PossibleCells().size() - 1);
}

}  // namespace
}  // namespace keel::sim
