// Feeds one core with anything: messages malformed, stale, future and contradictory among honest
// ones, proposals, changes, transfers, ticks and completions in any order. No input may crash it,
// and what one core alone can keep, it keeps (tests/support/step_fuzz.h).
#include <cstddef>
#include <cstdint>

#include "tests/support/step_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  keel::raft::FuzzSteps({data, size});
  return 0;
}
