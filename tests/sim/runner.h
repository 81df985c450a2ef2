// One seed, from its profile to its verdict. Seeds share nothing and may run in any order.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "raft/invariants.h"
#include "tests/sim/clients.h"
#include "tests/sim/phases.h"
#include "tests/sim/profile.h"
#include "tests/sim/trace.h"

namespace keel::sim {

struct SeedResult {
  uint64_t seed = 0;
  uint64_t trace_hash = 0;
  Micros simulated = 0;
  std::vector<raft::Violation> violations;
  Matrix matrix;
  std::array<uint64_t, kFaultKinds> faults{};
  ClientTally tally;
  bool elected_under_faults = false;
  bool acknowledged_under_faults = false;
  bool has_finale = false;
  double leader_after_timeouts = 0;

  [[nodiscard]] bool IsClean() const { return violations.empty(); }
};

// `story` may be null.
[[nodiscard]] SeedResult RunSeed(const Profile& profile, Story* story);

}  // namespace keel::sim
