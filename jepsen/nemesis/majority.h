// Whether a cluster that is hurt can still serve. Pure function.
#pragma once

#include <vector>

#include "jepsen/cluster/links.h"

namespace keel::jepsen {

// Some node that is up talks, both ways, with so many that are up that they are a majority of all.
[[nodiscard]] bool HasMajority(const Links& links, const std::vector<bool>& is_up);

}  // namespace keel::jepsen
