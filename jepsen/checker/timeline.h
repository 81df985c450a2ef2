// Operations drawn in time, for a person: one a line, its call and its answer as marks.
//
//   process  lines  operation  time
//   0        1-2    write 1    |--|
//   1        3-5    read -> 0        |--|
//   2        4-     cas [0 1]         |-->   (an answer that never came)
#pragma once

#include <span>
#include <string>

#include "jepsen/history/op.h"

namespace keel::jepsen {

// At most `shown_max` operations: the latest. Time is drawn by order, not to scale.
[[nodiscard]] std::string DrawTimeline(std::span<const Operation> operations, size_t shown_max);

}  // namespace keel::jepsen
