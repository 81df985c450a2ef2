// Switches that put a known bug back in, so that the tests can prove that they would notice it.
//
// In every ordinary build KEEL_MUTANT(x) is the constant false and leaves no trace in the program.
// In the test-only build (KEEL_MUTANTS defined) exactly one mutant may be active at a time; the
// hunter sets it before it starts a world and no code below the tests ever writes it. Each name
// ends in the number of the bug's line in docs/pitfalls.md.
#pragma once

#ifdef KEEL_MUTANTS

#include "base/mutant_list.h"

namespace keel::mutants {

// The mutant that is in force. Single-threaded: the hunter runs one world at a time.
inline Mutant active = Mutant::kNone;

}  // namespace keel::mutants

#define KEEL_MUTANT(name) (::keel::mutants::active == ::keel::mutants::Mutant::name)

#else

#define KEEL_MUTANT(name) false

#endif
