// The test that answers' own numbers pass real time, for histories whose answers tell their order.
//
// Every call has a layer: the place in the one order that the answers allow (a revision, the size
// of the set that was read). Calls of one layer may be in any order among themselves. Such a
// history is linearizable exactly when no call that ended before another began is in a higher
// layer: real time alone has no cycles, and any cycle through layers must come down by such a pair.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "jepsen/history/op.h"

namespace keel::jepsen {

struct Layered {
  const Operation* operation = nullptr;
  int64_t layer = 0;
};

// A pair in conflict: the first ended before the second was called and has a higher layer.
// O(n log n).
using Conflict = std::pair<const Operation*, const Operation*>;
[[nodiscard]] std::optional<Conflict> FindConflict(std::span<const Layered> operations);

}  // namespace keel::jepsen
