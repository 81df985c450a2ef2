// Makes a history that is not linearizable small enough to be understood.
//
// First the shortest prefix that is already impossible, then operations are dropped while what is
// left stays impossible. Only those are dropped on which no answer that is left depends, so that
// the small history is impossible because the whole one is, not because its cause was cut off.
#pragma once

#include <span>

#include "jepsen/checker/model.h"
#include "jepsen/checker/verdict.h"

namespace keel::jepsen {

// `operations` are constraining, of one part, and SearchOrder has found no order for them, getting
// past everything but the answer of `blocked`. Gives what is left, with the states in which the
// search ended as the reason.
[[nodiscard]] Judgement Shrink(std::span<const Operation> operations, size_t blocked,
                               const ModelOptions& options, const Limits& limits);

}  // namespace keel::jepsen
