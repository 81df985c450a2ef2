#include "tests/sim/report.h"

#include <algorithm>
#include <cstdio>

#include "tests/sim/cells.h"

namespace keel::sim {

namespace {

using Number = unsigned long long;

double Seconds(Micros time) { return static_cast<double>(time) / kSecond; }

void PrintRow(FaultKind fault, const Matrix& matrix, const Chart& chart) {
  std::printf("  %-14s", std::string(ToString(fault)).c_str());
  for (const Phase phase : chart.phases) {
    const uint32_t count = matrix.cells[static_cast<size_t>(fault)][static_cast<size_t>(phase)];
    const bool possible = chart.why_impossible({fault, phase}).empty();
    if (count == 0) {
      std::printf(" %9s", possible ? "EMPTY" : "-");
    } else {
      std::printf(" %9u", count);
    }
  }
  std::printf("\n");
}

}  // namespace

std::string ReplayCommand(uint64_t seed, uint32_t nodes, std::string_view command) {
  std::string line = std::string(command) + " --seed " + std::to_string(seed);
  if (nodes != 0) line += " --nodes " + std::to_string(nodes);
  return line;
}

void PrintMatrix(const Matrix& matrix, const Chart& chart) {
  std::printf("faults that began within a phase which then ended:\n  %-14s", "");
  for (const Phase phase : chart.phases) {
    std::printf(" %9s", std::string(ToString(phase)).c_str());
  }
  std::printf("\n");
  for (const FaultKind fault : chart.faults) PrintRow(fault, matrix, chart);
  std::printf("cells that cannot be:\n");
  for (const FaultKind fault : chart.faults) {
    for (const Phase phase : chart.phases) {
      const std::string why(chart.why_impossible({fault, phase}));
      if (why.empty()) continue;
      std::printf("  %s in %s: %s\n", std::string(ToString(fault)).c_str(),
                  std::string(ToString(phase)).c_str(), why.c_str());
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
  for (const FaultKind fault : totals.chart->faults) {
    std::printf(" %s=%llu", std::string(ToString(fault)).c_str(),
                Number{totals.faults[static_cast<size_t>(fault)]});
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

void PrintFailure(const SeedResult& result, const Story& story, uint32_t nodes,
                  std::string_view command) {
  std::printf("seed %llu breaks a rule. Its last lines:\n", Number{result.seed});
  for (const std::string& line : story.lines()) std::printf("  %s\n", line.c_str());
  for (const raft::Violation& violation : result.violations) {
    std::printf("VIOLATION of %s by %llu: %s\n", std::string(violation.rule).c_str(),
                Number{violation.node.value()}, violation.what.c_str());
  }
  std::printf("to see it again: %s --verbose\n\n",
              ReplayCommand(result.seed, nodes, command).c_str());
}

}  // namespace keel::sim
