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

// Why the cell cannot be covered; empty if it can.
[[nodiscard]] std::string_view WhyImpossible(const Cell& cell);

// All that can be covered, in a fixed order.
[[nodiscard]] const std::vector<Cell>& PossibleCells();

[[nodiscard]] std::vector<Cell> AimsOf(uint64_t seed);

}  // namespace keel::sim
