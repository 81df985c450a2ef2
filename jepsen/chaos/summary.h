// What a run says at its end: tables for a person, a closing line for a script.
#pragma once

#include <string>

#include "jepsen/chaos/run.h"
#include "jepsen/report/faults.h"

namespace keel::jepsen {

// Judgements that are not linearizable, and those that are unknown.
[[nodiscard]] size_t AnomalyCount(const RunResult& result);
[[nodiscard]] size_t OkCount(const RunResult& result);
// Of all workloads together, no more of an operation than a measure looks at.
[[nodiscard]] std::vector<Operation> Outlines(const RunResult& result);
// Of all workloads together, by kind.
[[nodiscard]] std::vector<FaultEffect> EffectsOf(const RunResult& result);

[[nodiscard]] std::string Summary(const ChaosArguments& arguments, const RunResult& result);

}  // namespace keel::jepsen
