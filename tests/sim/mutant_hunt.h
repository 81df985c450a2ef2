// Hunts one mutant: ordinary seeds first, with ordinary rules; if it survives them, the scenario
// that was told for its pitfall.
//
// Each hunt runs in a process of its own, because a core that finds itself broken stops, and that
// too is a kill. Only in the test-only build that knows mutants.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/mutant_list.h"

namespace keel::sim {

struct KnownMutant {
  mutants::Mutant mutant;
  std::string name;
  std::string text;
};

// Whom the program hunts, in its simulator's seeds: one definition is linked into each.
[[nodiscard]] const std::vector<KnownMutant>& KnownMutants();

struct HuntLimits {
  uint64_t seconds = 60;
  uint64_t seeds = 20'000;
};

struct Kill {
  bool is_killed = false;
  bool is_generic = false;  // by a seed, not by a scenario made for it
  uint64_t seeds = 0;       // how many were run, the killing one included
  uint64_t seed = 0;        // that killed it
  std::string by;           // the rule, "check", or the scenario
  std::string what;
};

// From now on SIGTERM, SIGINT and, after `seconds` if that is not 0, the alarm end the hunt that is
// under way without a result, and all that follow it.
void StopHuntsWhenTold(uint64_t seconds);
[[nodiscard]] bool HuntsAreOver();

[[nodiscard]] Kill HuntBySeeds(mutants::Mutant mutant, const HuntLimits& limits);

// `folder` holds the scenarios and the table of who tells of which mutant, mutants.txt.
[[nodiscard]] Kill HuntByScenario(const KnownMutant& mutant, const std::string& folder);

}  // namespace keel::sim
