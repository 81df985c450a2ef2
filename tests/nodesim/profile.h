// What kind of cluster a seed makes: its size, its engine, its speeds and bounds, and how hard it
// is shaken. A pure function of the seed.
#pragma once

#include <cstdint>

#include "server/node/options.h"
#include "tests/node/support/network.h"
#include "tests/sim/profile.h"

namespace keel::nodesim {

using sim::kMillisecond;
using sim::kSecond;
using sim::Micros;
using sim::Range;

struct NodeProfile {
  uint64_t seed = 0;
  uint32_t voters = 3;
  // LevelDB on the simulated disk; else engines in memory, which lose in a crash what a disk would.
  bool level_engine = false;

  // The run.
  Micros safety = 0;  // how long faults happen
  Range fault_every;
  uint32_t faults_at_once = 3;

  // The members.
  node::NodeOptions node;
  node_test::Network::Latency latency;

  // The clients.
  Range clients_every;
  uint32_t ops_at_once = 8;
  uint32_t reads_percent = 40;
  uint32_t value_bytes_max = 100;

  [[nodiscard]] Micros election_timeout() const {
    return node.raft.election_timeout_ms * kMillisecond;
  }
};

// `voters` 0: the seed decides.
[[nodiscard]] NodeProfile MakeNodeProfile(uint64_t seed, uint32_t voters);

}  // namespace keel::nodesim
