// What main.cc needs to know of the simulator that it stands before: one definition is linked into
// each program.
#pragma once

#include <cstdint>
#include <string_view>

#include "tests/sim/cells.h"
#include "tests/sim/runner.h"

namespace keel::sim {

struct Simulator {
  std::string_view program;  // "keel-sim"
  std::string_view what;     // for the first line of its help
  std::string_view command;  // starts it: "./run sim"
  const Chart* chart = nullptr;
  // RunLimits::covering_seeds of a full run.
  uint64_t covering_seeds = 0;
  // `voters` 0: the seed decides. `story` may be null.
  SeedResult (*run)(uint64_t seed, uint32_t voters, Story* story) = nullptr;
};

[[nodiscard]] const Simulator& TheSimulator();

}  // namespace keel::sim
