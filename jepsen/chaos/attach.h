// What a run does on servers that it has not started: it keeps to its own keys, and removes them.
#pragma once

#include "jepsen/chaos/arguments.h"
#include "jepsen/nemesis/fault.h"

namespace keel::jepsen {

// Keys below the workloads' prefixes would be taken for the run's own: an error names them.
Status CheckNoKeys(const ChaosArguments& arguments, Arena* arena);
// Deletes what is below these prefixes.
Status RemoveKeys(const ChaosArguments& arguments, Arena* arena);

}  // namespace keel::jepsen
