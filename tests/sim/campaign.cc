#include "tests/sim/campaign.h"

#include <algorithm>

namespace keel::sim {

namespace {

constexpr size_t kWindow = 24;
constexpr double kOfferedPerSecondMin = 100;
constexpr double kLivelyShareMin = 0.95;

uint32_t CountOf(const Matrix& matrix, const Cell& cell) {
  return matrix.cells[static_cast<size_t>(cell.fault)][static_cast<size_t>(cell.phase)];
}

}  // namespace

void Totals::Add(const SeedResult& result) {
  ++seeds;
  violations += result.violations.size();
  failed_seeds += result.IsClean() ? 0 : 1;
  lively_seeds += result.elected_under_faults && result.acknowledged_under_faults ? 1 : 0;
  simulated += result.simulated;
  tally.offered += result.tally.offered;
  tally.acknowledged += result.tally.acknowledged;
  tally.refused += result.tally.refused;
  tally.unknown += result.tally.unknown;
  for (size_t i = 0; i < kFaultKinds; ++i) faults[i] += result.faults[i];
  matrix.Add(result.matrix);
  if (result.has_finale) leader_after_timeouts.push_back(result.leader_after_timeouts);
}

uint64_t Totals::EmptyCells() const {
  const std::vector<Cell>& cells = PossibleCells(*chart);
  return static_cast<uint64_t>(std::count_if(
      cells.begin(), cells.end(), [this](const Cell& cell) { return CountOf(matrix, cell) == 0; }));
}

double Totals::LeaderPercentile(uint32_t percent) const {
  if (leader_after_timeouts.empty()) return 0;
  std::vector<double> sorted = leader_after_timeouts;
  const size_t place = std::min(sorted.size() - 1, sorted.size() * percent / 100);
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(place),
                   sorted.end());
  return sorted[place];
}

std::string_view WhyNotGoodEnough(const Totals& totals, const RunFacts& facts) {
  if (static_cast<double>(totals.tally.offered) < kOfferedPerSecondMin * totals.simulated_s()) {
    return "fewer than 100 operations were offered in a simulated second";
  }
  if (static_cast<double>(totals.lively_seeds) <
      kLivelyShareMin * static_cast<double>(totals.seeds)) {
    return "too few seeds elected a leader and acknowledged writes under faults";
  }
  if (totals.tally.acknowledged == 0) return "nothing was acknowledged";
  if (!facts.is_full) return "";
  if (totals.EmptyCells() > 0) return "a cell of the matrix is empty";
  if (totals.LeaderPercentile(99) > kLeaderTimeoutsP99Max) {
    return "the 99th percentile from healing to a leader is more than 5 election timeouts";
  }
  if (facts.judges_speed && totals.simulated_s() < kSpeedMin * facts.real_s) {
    return "less than 200 seconds were simulated in a second";
  }
  return "";
}

bool IsDone(const Totals& totals, const RunLimits& limits, double real_s) {
  if (limits.seeds != 0 && totals.seeds >= limits.seeds) return true;
  if (limits.seconds == 0 || real_s < static_cast<double>(limits.seconds)) return false;
  return totals.seeds >= limits.covering_seeds || totals.EmptyCells() == 0;
}

double Campaign::WorthOf(uint64_t seed) const {
  double worth = 0;
  for (const Cell& cell : AimsOf(seed, *totals_.chart)) {
    const double count = 1 + CountOf(totals_.matrix, cell);
    worth += 1 / (count * count);
  }
  return worth;
}

uint64_t Campaign::PickSeed() {
  while (window_.size() < kWindow) window_.push_back(next_seed_++);
  auto best = window_.begin();
  double best_worth = WorthOf(*best);
  for (auto at = best + 1; at != window_.end(); ++at) {
    const double worth = WorthOf(*at);
    if (worth <= best_worth) continue;
    best = at;
    best_worth = worth;
  }
  const uint64_t seed = *best;
  window_.erase(best);
  return seed;
}

}  // namespace keel::sim
