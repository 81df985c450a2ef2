// What kind of cluster a seed makes: its size, its engine, its speeds and bounds, and how hard it
// is shaken. A pure function of the seed.
#pragma once

#include <cstdint>
#include <string>

#include "server/node/options.h"
#include "tests/node/support/network.h"
#include "tests/sim/profile.h"

namespace keel::nodesim {

using sim::kMillisecond;
using sim::kSecond;
using sim::Micros;
using sim::Range;

// Of the archive that all members have mounted, if there is one.
struct ArchiveProfile {
  bool is_on = false;
  std::string key;
  uint64_t interval_ms = 0;
  size_t segment_bytes_max = 0;
  uint64_t base_interval_ms = 0;
  uint64_t retention_ms = 0;
  uint64_t mark_every_ms = 0;
  uint64_t tip_margin_ms = 0;
};

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
  ArchiveProfile archive;

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
