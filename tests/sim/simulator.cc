#include "tests/sim/simulator.h"

namespace keel::sim {

const Simulator& TheSimulator() {
  static const Simulator simulator{
      .program = "keel-sim",
      .what = "whole clusters of raft cores under a simulated clock, network and disk.",
      .command = "./run sim",
      .chart = &CoreChart(),
      .run = [](uint64_t seed, uint32_t voters, Story* story) {
        return RunSeed(MakeProfile(seed, voters), story);
      }};
  return simulator;
}

}  // namespace keel::sim
