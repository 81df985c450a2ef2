// Ports of the loopback that nobody uses now, outside of the range from which the system picks
// ports for outgoing connections: a node that is down for a while finds its port free again.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"

namespace keel::jepsen {

Result<std::vector<uint16_t>> FreePorts(size_t count);

}  // namespace keel::jepsen
