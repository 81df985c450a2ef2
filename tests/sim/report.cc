#include "tests/sim/report.h"

#include <algorithm>
#include <cstdio>

#include "tests/sim/cells.h"

namespace keel::sim {

namespace {

using Number = unsigned long long;

double Seconds(Micros time) { return static_cast<double>(time) / kSecond; }

void PrintRow(FaultKind fault, const Matrix& matrix) {
  std::printf("  %-14s", std::string(ToString(fault)).c_str());
  for (size_t phase = 0; phase < kPhases; ++phase) {
    const uint32_t count = matrix.cells[static_cast<size_t>(fault)][phase];
    const bool possible = WhyImpossible({fault, static_cast<Phase>(phase)}).empty();
    if (count == 0) {
      std::printf(" %9s", possible ? "EMPTY" : "-");
    } else {
      std::printf(" %9u", count);
    }
  }
  std::printf("\n");
}

}  // namespace

std::string ReplayCommand(uint64_t seed, uint32_t nodes) {
  std::string command = "./run sim --seed " + std::to_string(seed);
  if (nodes != 0) command += " --nodes " + std::to_string(nodes);
  return command;
}

void PrintMatrix(const Matrix& matrix) {
  std::printf("faults that began within a phase which then ended:\n  %-14s", "");
  for (size_t phase = 0; phase < kPhases; ++phase) {
    std::printf(" %9s", std::string(ToString(static_cast<Phase>(phase))).c_str());
  }
  std::printf("\n");
  for (size_t fault = 0; fault < kFaultKinds; ++fault) {
    PrintRow(static_cast<FaultKind>(fault), matrix);
  }
  std::printf("cells that cannot be:\n");
  for (size_t fault = 0; fault < kFaultKinds; ++fault) {
    for (size_t phase = 0; phase < kPhases; ++phase) {
      const Cell cell{static_cast<FaultKind>(fault), static_cast<Phase>(phase)};
      const std::string why(WhyImpossible(cell));
      if (why.empty()) continue;
      std::printf("  %s in %s: %s\n", std::string(ToString(cell.fault)).c_str(),
                  std::string(ToString(cell.phase)).c_str(), why.c_str());
    }
  }
}

void PrintTotals(const Totals& totals, double real_s) {
  const ClientTally& tally = totals.tally;
  std::printf(
      "operations: offered=%llu acknowledged=%llu refused=%llu unknown=%llu (%.0f offered "
      "in a simulated second)\n",
      Number{tally.offered}, Number{tally.acknowledged}, Number{tally.refused},
      Number{tally.unknown},
      static_cast<double>(tally.offered) / std::max(1.0, Seconds(totals.simulated)));
  std::printf("faults:");
  for (size_t i = 0; i < kFaultKinds; ++i) {
    std::printf(" %s=%llu", std::string(ToString(static_cast<FaultKind>(i))).c_str(),
                Number{totals.faults[i]});
  }
  std::printf("\nseeds that elected and acknowledged under faults: %.1f%%\n",
              totals.seeds == 0 ? 0.0
                                : 100.0 * static_cast<double>(totals.lively_seeds) /
                                      static_cast<double>(totals.seeds));
  std::printf("from healing to a leader, in election timeouts: p50=%.2f p99=%.2f max=%.2f\n",
              totals.LeaderPercentile(50), totals.LeaderPercentile(99),
              totals.LeaderPercentile(100));
  std::printf("real time: %.1f s\n", real_s);
}

void PrintSeed(const SeedResult& result) {
  const ClientTally& tally = result.tally;
  std::printf(
      "seed %llu: simulated %.1f s, acknowledged=%llu refused=%llu unknown=%llu, leader "
      "after %.2f election timeouts\n",
      Number{result.seed}, Seconds(result.simulated), Number{tally.acknowledged},
      Number{tally.refused}, Number{tally.unknown}, result.leader_after_timeouts);
  std::printf("trace_hash=%016llx\n", Number{result.trace_hash});
}

void PrintFailure(const SeedResult& result, const Story& story, uint32_t nodes) {
  std::printf("seed %llu breaks a rule. Its last lines:\n", Number{result.seed});
  for (const std::string& line : story.lines()) std::printf("  %s\n", line.c_str());
  for (const raft::Violation& violation : result.violations) {
    std::printf("VIOLATION of %s by %llu: %s\n", std::string(violation.rule).c_str(),
                Number{violation.node.value()}, violation.what.c_str());
  }
  std::printf("to see it again: %s --verbose\n\n", ReplayCommand(result.seed, nodes).c_str());
}

}  // namespace keel::sim
