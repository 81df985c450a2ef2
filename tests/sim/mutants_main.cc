// keel-mutants: puts each known bug back in, says what found it, and closes with one line for
// machines.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/sim/mutant_hunt.h"

namespace keel::sim {
namespace {

using Number = unsigned long long;

constexpr char kHelp[] =
    R"(keel-mutants, keel-node-mutants: every known bug, put back in, must be found.

  --only NAME             hunt this one
  --list                  name them all
  --seconds S             stop hunting after that long; what was not hunted has survived
  --seconds-per-mutant S  how long seeds may take before the scenarios are asked (60)
  --scenarios FOLDER      where they are (tests/scenarios); they tell of the core alone
  --help                  this page

An unmutated control run comes first and must survive. Exit code 0 only if it does, every mutant is
killed, and at least nine of ten by seeds and rules that know nothing of them. The last line is
always printed, also when the time is up or the program is told to stop.
)";

struct Flags {
  std::string only;
  bool list = false;
  bool help = false;
  uint64_t seconds = 0;  // 0: no such limit
  HuntLimits limits;
  std::string scenarios = "tests/scenarios";
};

// False if something is not understood.
bool Parse(int argc, char** argv, Flags* flags) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--list") {
      flags->list = true;
    } else if (name == "--help") {
      flags->help = true;
    } else if (i + 1 == argc) {
      return false;
    } else if (name == "--only") {
      flags->only = argv[++i];
    } else if (name == "--scenarios") {
      flags->scenarios = argv[++i];
    } else if (name == "--seconds") {
      flags->seconds = std::strtoull(argv[++i], nullptr, 10);
      if (flags->seconds == 0) return false;
    } else if (name == "--seconds-per-mutant") {
      flags->limits.seconds = std::strtoull(argv[++i], nullptr, 10);
      if (flags->limits.seconds == 0) return false;
    } else {
      return false;
    }
  }
  return true;
}

bool ControlSurvives() {
  const Kill kill = HuntBySeeds(mutants::Mutant::kNone, {.seconds = 30, .seeds = 400});
  std::printf("%-27s %s after %llu seeds\n", "(no mutant)",
              kill.is_killed ? "FAILED" : "survives, as it must,", Number{kill.seeds});
  if (kill.is_killed) {
    std::printf("  %s in seed %llu: %s\n", kill.by.c_str(), Number{kill.seed}, kill.what.c_str());
  }
  return !kill.is_killed;
}

Kill Hunt(const KnownMutant& mutant, const Flags& flags) {
  Kill kill = HuntBySeeds(mutant.mutant, flags.limits);
  if (HuntsAreOver()) return kill;
  if (kill.is_killed) {
    std::printf("%-27s killed    %6llu seeds   %-24s %s (seed %llu)\n", mutant.name.c_str(),
                Number{kill.seeds}, kill.by.c_str(), kill.what.c_str(), Number{kill.seed});
    return kill;
  }
  const uint64_t seeds = kill.seeds;
  kill = HuntByScenario(mutant, flags.scenarios);
  std::printf("%-27s %-9s %6llu seeds   %-24s %s\n", mutant.name.c_str(),
              kill.is_killed ? "killed" : "SURVIVED", Number{seeds},
              kill.is_killed ? kill.by.c_str() : mutant.text.c_str(), kill.what.c_str());
  return kill;
}

struct Score {
  size_t killed = 0;
  size_t generic = 0;
  size_t survived = 0;
  size_t not_hunted = 0;
};

Score HuntAll(const Flags& flags, bool control_survives) {
  Score score;
  for (const KnownMutant& mutant : KnownMutants()) {
    if (!flags.only.empty() && flags.only != mutant.name) continue;
    const Kill kill = control_survives && !HuntsAreOver() ? Hunt(mutant, flags) : Kill();
    std::fflush(stdout);
    ++(kill.is_killed ? score.killed : score.survived);
    score.generic += kill.is_generic ? 1 : 0;
    score.not_hunted += !kill.is_killed && (HuntsAreOver() || !control_survives) ? 1 : 0;
  }
  return score;
}

// Closes with the line for machines, whatever happened before it.
int HuntAndJudge(const Flags& flags) {
  StopHuntsWhenTold(flags.seconds);
  const bool control_survives = ControlSurvives();
  const Score score = HuntAll(flags, control_survives);
  const size_t all = score.killed + score.survived;
  std::printf(
      "killed by seeds alone, through rules and histories that know nothing of mutants: "
      "%zu of %zu\n",
      score.generic, all);
  const bool are_enough = !flags.only.empty() || 10 * score.generic >= 9 * all;
  if (!are_enough) std::printf("FAILED: that is less than nine of ten\n");
  if (score.not_hunted > 0) {
    std::printf("FAILED: %zu were not hunted to the end, and count as survivors: %s\n",
                score.not_hunted,
                control_survives ? "the time was up" : "the unmutated run did not survive");
  }
  std::printf("mutants: killed=%zu survived=%zu\n", score.killed, score.survived);
  return score.killed > 0 && score.survived == 0 && are_enough ? 0 : 1;
}

int Main(int argc, char** argv) {
  Flags flags;
  if (!Parse(argc, argv, &flags)) {
    std::fputs("a flag is not understood; --help lists them\n", stderr);
    return 2;
  }
  if (flags.help) {
    std::fputs(kHelp, stdout);
    return 0;
  }
  if (flags.list) {
    for (const KnownMutant& mutant : KnownMutants()) {
      std::printf("%-27s %s\n", mutant.name.c_str(), mutant.text.c_str());
    }
    return 0;
  }
  return HuntAndJudge(flags);
}

}  // namespace
}  // namespace keel::sim

int main(int argc, char** argv) { return keel::sim::Main(argc, argv); }
