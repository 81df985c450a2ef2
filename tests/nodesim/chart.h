// The matrix of keel-sim-node: which faults and phases whole nodes have, and which cannot meet.
#pragma once

#include "tests/sim/cells.h"

namespace keel::nodesim {

[[nodiscard]] const sim::Chart& NodeChart();
// Whether there must be an archive for it.
[[nodiscard]] bool IsOfArchive(const sim::Cell& cell);

}  // namespace keel::nodesim
