// One seed of whole nodes, from its profile to its verdict.
#pragma once

#include "tests/nodesim/profile.h"
#include "tests/sim/runner.h"

namespace keel::nodesim {

// `story` may be null.
[[nodiscard]] sim::SeedResult RunNodeSeed(const NodeProfile& profile, sim::Story* story);

}  // namespace keel::nodesim
