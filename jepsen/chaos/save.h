// What a run leaves in the directory that it was given: the history of each workload as EDN and as
// a page, and index.html, which shows the run: verdicts, seed, replay, what faults cost, server
// logs.
#pragma once

#include <string>

#include "jepsen/chaos/run.h"

namespace keel::jepsen {

[[nodiscard]] std::string IndexPage(const ChaosArguments& arguments, const RunResult& result);
Status Save(const ChaosArguments& arguments, const RunResult& result);

}  // namespace keel::jepsen
