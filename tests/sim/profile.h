// What kind of world a seed makes: its size, its speeds, its limits and how hard it is shaken.
//
// A pure function of the seed. Small limits are usual here: a bound that is never reached is never
// tested.
#pragma once

#include <cstdint>

#include "base/prng.h"
#include "raft/options.h"
#include "tests/sim/event_queue.h"

namespace keel::sim {

struct Range {
  Micros low = 0;
  Micros high = 0;

  [[nodiscard]] Micros Pick(Prng& prng) const { return prng.Between(low, high); }
};

struct Profile {
  uint64_t seed = 0;
  uint32_t voters = 3;
  bool lease_reads = false;
  bool priorities = false;

  // The run.
  Micros safety = 0;  // how long faults happen
  Range fault_every;  // between one act of the nemesis and the next
  uint32_t faults_at_once = 3;
  bool long_faults = false;  // few, and each outlasts the watchdog's patience

  // The members.
  raft::Options options;         // id, boot and seed are the host's to fill in
  uint64_t pace_spread = 0;      // clocks run this many millionths fast or slow
  uint32_t batch_per_mille = 0;  // how often inputs are gathered
  Range disk_write;
  Range apply;
  Range stream;
  Range flush_every;
  uint64_t compact_after = 0;  // entries
  uint64_t compact_keeps = 0;  // entries

  // The clients.
  Range clients_every;
  uint32_t ops_at_once = 8;
  uint32_t reads_percent = 40;
  uint32_t astray_percent = 15;  // writes that are sent to anybody instead of the leader
  uint32_t reads_astray_percent = 15;
  Micros client_patience = 0;

  [[nodiscard]] Micros election_timeout() const {
    return options.election_timeout_ms * kMillisecond;
  }
};

// `voters` 0: the seed decides.
[[nodiscard]] Profile MakeProfile(uint64_t seed, uint32_t voters);

}  // namespace keel::sim
