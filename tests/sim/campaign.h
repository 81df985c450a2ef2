// Many seeds: which come next, and what they add up to.
//
// The emptiest cells of the coverage matrix decide which of the next few seeds is run, by the aims
// that are a function of each. The same options and results so far always give the same choice.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/sim/cells.h"
#include "tests/sim/runner.h"

namespace keel::sim {

struct Totals {
  const Chart* chart = &CoreChart();
  uint64_t seeds = 0;
  uint64_t violations = 0;
  uint64_t failed_seeds = 0;
  uint64_t lively_seeds = 0;  // elected and acknowledged while faults went on
  Micros simulated = 0;
  ClientTally tally;
  std::array<uint64_t, kFaultKinds> faults{};
  Matrix matrix;
  std::vector<double> leader_after_timeouts;

  void Add(const SeedResult& result);
  [[nodiscard]] uint64_t EmptyCells() const;
  [[nodiscard]] double simulated_s() const { return static_cast<double>(simulated) / kSecond; }
  // Of the times from healing to a leader, in election timeouts; 0 if there are none.
  [[nodiscard]] double LeaderPercentile(uint32_t percent) const;
};

// What a run is judged by besides its totals.
struct RunFacts {
  double real_s = 0;
  // Long enough to have covered every cell, and to be held to the targets below.
  bool is_full = false;
  // Only a plain optimised build says anything of speed.
  bool judges_speed = false;
};

// The 99th percentile of the time from healing to a leader, in election timeouts, at most.
inline constexpr double kLeaderTimeoutsP99Max = 5;
// Simulated seconds in a second of real time, at least.
inline constexpr double kSpeedMin = 200;

// Why a run in which no rule was broken is no success all the same; empty if it is one.
[[nodiscard]] std::string_view WhyNotGoodEnough(const Totals& totals, const RunFacts& facts);

// When a run that is clean ends.
struct RunLimits {
  uint64_t seeds = 0;    // 0: no such limit
  uint64_t seconds = 0;  // of real time; 0: no such limit
  // When the time is up and a cell is still empty, the run goes on for up to so many seeds in all:
  // a slow machine takes longer, and covers the same.
  uint64_t covering_seeds = 0;
};

[[nodiscard]] bool IsDone(const Totals& totals, const RunLimits& limits, double real_s);

class Campaign {
 public:
  explicit Campaign(uint64_t first_seed, const Chart& chart = CoreChart())
      : next_seed_(first_seed), totals_{.chart = &chart} {}

  [[nodiscard]] uint64_t PickSeed();
  void Add(const SeedResult& result) { totals_.Add(result); }
  [[nodiscard]] const Totals& totals() const { return totals_; }

 private:
  [[nodiscard]] double WorthOf(uint64_t seed) const;

  uint64_t next_seed_;
  std::vector<uint64_t> window_;  // the seeds to choose from, ascending
  Totals totals_;
};

}  // namespace keel::sim
