// The simulators' program: runs seeds, judges them, and closes with one line for machines.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "base/check.h"
#include "tests/sim/campaign.h"
#include "tests/sim/report.h"
#include "tests/sim/simulator.h"

namespace keel::sim {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kFailuresShown = 3;
// From this length on a run must have covered every cell.
constexpr uint64_t kFullRunSeconds = 60;
constexpr double kOfferedPerSecondMin = 100;
constexpr double kLivelyShareMin = 0.95;

struct Flags {
  uint64_t seeds = 0;    // 0: no such limit
  uint64_t seconds = 0;  // 0: no such limit
  uint64_t seed = 0;     // 0: many
  uint64_t first_seed = 1;
  uint32_t nodes = 0;  // 0: the seed decides
  bool verbose = false;
  bool matrix = false;
};

constexpr char kHelp[] =
    R"(
  --seconds S      run new seeds for S seconds of real time (60 unless a number of seeds is given);
                   from 60 on, an empty cell of the coverage matrix is a failure
  --seeds N        run N seeds
  --first-seed N   begin there (1)
  --seed N         run this one seed and print its trace hash
  --nodes N        clusters of N voters, 1 to 7; otherwise each seed decides
  --verbose        with --seed: tell the whole story
  --matrix         print the matrix of short runs, too
  --help           this page

Exit code 0 only if no rule was broken and the run did enough to mean something.
)";

uint64_t running_seed = 0;
uint32_t running_nodes = 0;

// A bug found by a check of the core itself: say how to see it again before the process ends.
void OnCheckFailure(const char* message) {
  std::printf("CHECK failed in seed %llu: %s\nto see it again: %s --verbose\n",
              static_cast<unsigned long long>(running_seed), message,
              ReplayCommand(running_seed, running_nodes, TheSimulator().command).c_str());
  std::fflush(stdout);
}

bool ParseNumber(const char* text, uint64_t* number) {
  char* end = nullptr;
  *number = std::strtoull(text, &end, 10);
  return *text >= '0' && *text <= '9' && *end == '\0';
}

// False if something is not understood.
bool Parse(int argc, char** argv, Flags* flags) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--verbose") {
      flags->verbose = true;
      continue;
    }
    if (name == "--matrix") {
      flags->matrix = true;
      continue;
    }
    uint64_t number = 0;
    if (i + 1 == argc || !ParseNumber(argv[++i], &number)) return false;
    if (name == "--seeds") {
      flags->seeds = number;
    } else if (name == "--seconds") {
      flags->seconds = number;
    } else if (name == "--seed") {
      flags->seed = number;
    } else if (name == "--first-seed") {
      flags->first_seed = number;
    } else if (name == "--nodes" && number >= 1 && number <= 7) {
      flags->nodes = static_cast<uint32_t>(number);
    } else {
      return false;
    }
  }
  return true;
}

void PrintFailedAgain(const SeedResult& result, uint32_t nodes) {
  // The same run once more, this time with somebody listening.
  Story story(/*prints_at_once=*/false);
  PrintFailure(TheSimulator().run(result.seed, nodes, &story), story, nodes,
               TheSimulator().command);
}

int RunOne(const Flags& flags) {
  Story story(/*prints_at_once=*/flags.verbose);
  running_seed = flags.seed;
  const SeedResult result = TheSimulator().run(flags.seed, flags.nodes, &story);
  if (!result.IsClean()) PrintFailure(result, story, flags.nodes, TheSimulator().command);
  PrintSeed(result);
  std::printf("sim: seeds=1 simulated_s=%.0f violations=%zu\n",
              static_cast<double>(result.simulated) / kSecond, result.violations.size());
  return result.IsClean() ? 0 : 1;
}

// Why a clean run still proves nothing; empty if it does.
std::string_view WhyTooLittle(const Flags& flags, const Totals& totals) {
  const double simulated_s = static_cast<double>(totals.simulated) / kSecond;
  if (static_cast<double>(totals.tally.offered) < kOfferedPerSecondMin * simulated_s) {
    return "fewer than 100 operations were offered in a simulated second";
  }
  if (static_cast<double>(totals.lively_seeds) <
      kLivelyShareMin * static_cast<double>(totals.seeds)) {
    return "too few seeds elected a leader and acknowledged writes under faults";
  }
  if (totals.tally.acknowledged == 0) return "nothing was acknowledged";
  if (flags.seconds >= kFullRunSeconds && totals.EmptyCells() > 0) {
    return "a cell of the matrix is empty";
  }
  return "";
}

int RunMany(const Flags& flags) {
  Campaign campaign(flags.first_seed, *TheSimulator().chart);
  const Clock::time_point start = Clock::now();
  const auto real_s = [start] {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  const Totals& totals = campaign.totals();
  while (totals.failed_seeds < kFailuresShown) {
    if (flags.seeds != 0 && totals.seeds >= flags.seeds) break;
    if (flags.seconds != 0 && real_s() >= static_cast<double>(flags.seconds)) break;
    running_seed = campaign.PickSeed();
    const SeedResult result = TheSimulator().run(running_seed, flags.nodes, nullptr);
    campaign.Add(result);
    if (!result.IsClean()) PrintFailedAgain(result, flags.nodes);
  }
  const double took_s = real_s();
  if (flags.matrix || flags.seconds >= kFullRunSeconds)
    PrintMatrix(totals.matrix, *TheSimulator().chart);
  PrintTotals(totals, took_s);
  const std::string_view too_little = WhyTooLittle(flags, totals);
  if (!too_little.empty()) std::printf("FAILED: %s\n", std::string(too_little).c_str());
  const double simulated_s = static_cast<double>(totals.simulated) / kSecond;
  std::printf("sim: seeds=%llu simulated_s=%.0f speed=%.0f violations=%llu empty_cells=%llu\n",
              static_cast<unsigned long long>(totals.seeds), simulated_s, simulated_s / took_s,
              static_cast<unsigned long long>(totals.violations),
              static_cast<unsigned long long>(totals.EmptyCells()));
  return totals.violations == 0 && too_little.empty() ? 0 : 1;
}

int Main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--help") == 0) {
      std::printf("%s: %s\n%s", std::string(TheSimulator().program).c_str(),
                  std::string(TheSimulator().what).c_str(), kHelp);
      return 0;
    }
  }
  Flags flags;
  if (!Parse(argc, argv, &flags)) {
    std::fprintf(stderr, "%s: a flag is not understood; --help lists them\n",
                 std::string(TheSimulator().program).c_str());
    return 2;
  }
  SetCheckFailureHook(&OnCheckFailure);
  running_nodes = flags.nodes;
  if (flags.seed != 0) return RunOne(flags);
  if (flags.seeds == 0 && flags.seconds == 0) flags.seconds = kFullRunSeconds;
  return RunMany(flags);
}

}  // namespace
}  // namespace keel::sim

int main(int argc, char** argv) { return keel::sim::Main(argc, argv); }
