// A cycle as a judgement: its operations as the counterexample, and why each comes before the next.
#pragma once

#include <span>

#include "jepsen/checker/dependency_graph.h"
#include "jepsen/checker/verdict.h"

namespace keel::jepsen {

[[nodiscard]] Judgement ReportCycle(const Cycle& cycle,
                                    std::span<const Operation* const> operations);

}  // namespace keel::jepsen
