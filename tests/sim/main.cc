// The simulators' program: runs seeds, judges them, and closes with one line for machines.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
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
// From this length on a run must have covered every cell and met the targets.
constexpr uint64_t kFullRunSeconds = 60;

struct Flags {
  uint64_t seeds = 0;            // 0: no such limit
  uint64_t seconds = 0;          // 0: no such limit
  std::optional<uint64_t> seed;  // none: many
  uint64_t first_seed = 1;
  uint32_t nodes = 0;  // 0: the seed decides
  bool verbose = false;
  bool matrix = false;
};

constexpr char kHelp[] =
    R"(
  --seconds S      run new seeds for S seconds of real time (60 unless a number of seeds is given);
                   from 60 on, it is a failure if a cell of the coverage matrix is empty, if the
                   99th percentile of the time from healing to a leader is above 5 election
                   timeouts, or, in a plain release build of keel-sim, if fewer than 200 seconds
                   are simulated in a second; keel-sim-node goes on for up to 150 seeds in all
                   while a cell is empty, so that a slow machine covers the same
  --seeds N        run N seeds
  --first-seed N   begin there (1)
  --seed N         run this one seed, from 1 on, and print its trace hash
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

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
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

#ifdef KEEL_JUDGES_SPEED
constexpr bool kJudgesSpeed = true;
#else
constexpr bool kJudgesSpeed = false;
#endif

void PrintTargets(const Totals& totals, double real_s) {
  std::printf("targets: p99 to a leader %.2f election timeouts (at most %.0f), ",
              totals.LeaderPercentile(99), kLeaderTimeoutsP99Max);
  std::printf("speed %.0f simulated seconds a second (at least %.0f%s)\n",
              totals.simulated_s() / real_s, kSpeedMin,
              kJudgesSpeed ? "" : "; not judged in this build");
}

// The line for machines.
void PrintClosing(const Totals& totals, double real_s) {
  std::printf("sim: seeds=%llu simulated_s=%.0f speed=%.0f violations=%llu empty_cells=%llu\n",
              static_cast<unsigned long long>(totals.seeds), totals.simulated_s(),
              totals.simulated_s() / real_s, static_cast<unsigned long long>(totals.violations),
              static_cast<unsigned long long>(totals.EmptyCells()));
}

int RunOne(const Flags& flags) {
  Story story(/*prints_at_once=*/flags.verbose);
  running_seed = *flags.seed;
  const Clock::time_point start = Clock::now();
  const SeedResult result = TheSimulator().run(running_seed, flags.nodes, &story);
  const double took_s = SecondsSince(start);
  if (!result.IsClean()) PrintFailure(result, story, flags.nodes, TheSimulator().command);
  PrintSeed(result);
  Totals totals;
  totals.Add(result);
  PrintClosing(totals, took_s);
  return result.IsClean() ? 0 : 1;
}

int RunMany(const Flags& flags) {
  Campaign campaign(flags.first_seed, *TheSimulator().chart);
  const Clock::time_point start = Clock::now();
  const Totals& totals = campaign.totals();
  const bool is_full = flags.seconds >= kFullRunSeconds;
  const RunLimits limits{.seeds = flags.seeds,
                         .seconds = flags.seconds,
                         .covering_seeds = is_full ? TheSimulator().covering_seeds : 0};
  while (totals.failed_seeds < kFailuresShown && !IsDone(totals, limits, SecondsSince(start))) {
    running_seed = campaign.PickSeed();
    const SeedResult result = TheSimulator().run(running_seed, flags.nodes, nullptr);
    campaign.Add(result);
    if (!result.IsClean()) PrintFailedAgain(result, flags.nodes);
  }
  const RunFacts facts{
      .real_s = SecondsSince(start), .is_full = is_full, .judges_speed = kJudgesSpeed};
  if (flags.matrix || facts.is_full) PrintMatrix(totals.matrix, *TheSimulator().chart);
  PrintTotals(totals, facts.real_s);
  if (facts.is_full) PrintTargets(totals, facts.real_s);
  const std::string_view why = WhyNotGoodEnough(totals, facts);
  if (!why.empty()) std::printf("FAILED: %s\n", std::string(why).c_str());
  PrintClosing(totals, facts.real_s);
  return totals.violations == 0 && why.empty() ? 0 : 1;
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
  if (flags.seed == 0u || flags.first_seed == 0) {
    std::fprintf(stderr, "%s: there is no seed 0; they are numbered from 1\n",
                 std::string(TheSimulator().program).c_str());
    return 2;
  }
  SetCheckFailureHook(&OnCheckFailure);
  running_nodes = flags.nodes;
  if (flags.seed.has_value()) return RunOne(flags);
  if (flags.seeds == 0 && flags.seconds == 0) flags.seconds = kFullRunSeconds;
  return RunMany(flags);
}

}  // namespace
}  // namespace keel::sim

int main(int argc, char** argv) { return keel::sim::Main(argc, argv); }
