// The hunt for planted bugs: servers of the build keeld-mutants, one known bug at a time, under the
// faults that bring it out, until a run finds it or the time is over. A tool that never finds
// anything proves nothing by finding nothing.
#pragma once

#include "jepsen/chaos/arguments.h"
#include "jepsen/chaos/interrupt.h"

namespace keel::jepsen {

// Prints a table, a line a bug; the exit code is 0 when all were found.
int HuntMutants(const ChaosArguments& arguments, Interrupt* interrupt);

}  // namespace keel::jepsen
