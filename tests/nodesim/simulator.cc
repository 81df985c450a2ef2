#include "tests/sim/simulator.h"

#include "tests/nodesim/chart.h"
#include "tests/nodesim/runner.h"

namespace keel::sim {

const Simulator& TheSimulator() {
  static const Simulator simulator{
      .program = "keel-sim-node",
      .what = "clusters of whole nodes under a simulated clock, network, disk and scheduler.",
      .command = "./run sim --nodes",
      .chart = &nodesim::NodeChart(),
      .covering_seeds = 150,  // some 30 cover every cell
      .run = [](uint64_t seed, uint32_t voters, Story* story) {
        return nodesim::RunNodeSeed(nodesim::MakeNodeProfile(seed, voters), story);
      }};
  return simulator;
}

}  // namespace keel::sim
