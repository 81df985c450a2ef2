// The cells of the coverage matrix: which there are, which cannot be, and which a seed aims at.
//
// A seed's aims are a function of the seed alone, so that it replays without knowing what was
// covered before it; a run steers by choosing among seeds.
#pragma once

#include <string_view>
#include <vector>

#include "tests/sim/phases.h"

namespace keel::sim {

struct Cell {
  FaultKind fault;
  Phase phase;

  friend bool operator==(const Cell&, const Cell&) = default;
};

// One simulator's matrix: the faults and the phases that it has, and which of them can meet.
struct Chart {
  std::vector<FaultKind> faults;
  std::vector<Phase> phases;
  // Why the cell cannot be covered; empty if it can.
  std::string_view (*why_impossible)(const Cell& cell) = nullptr;
  size_t aims = 10;            // of one seed
  std::vector<Cell> possible;  // all that can be covered, in a fixed order
};
// Fills in what is possible.
[[nodiscard]] Chart MakeChart(Chart chart);

// The matrix of keel-sim, which drives cores alone.
[[nodiscard]] const Chart& CoreChart();
[[nodiscard]] std::string_view WhyImpossible(const Cell& cell);

[[nodiscard]] inline const std::vector<Cell>& PossibleCells(const Chart& chart = CoreChart()) {
  return chart.possible;
}
[[nodiscard]] std::vector<Cell> AimsOf(uint64_t seed, const Chart& chart = CoreChart());

}  // namespace keel::sim
