// The matrix of keel-sim-node: which faults and phases whole nodes have, and which cannot meet.
#pragma once

#include "tests/sim/cells.h"

namespace keel::nodesim {

[[nodiscard]] const sim::Chart& NodeChart();

}  // namespace keel::nodesim
