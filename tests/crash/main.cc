// keel-crash: crashes recorded work on the disk before every operation, in every way of losing
// data, opens what is left, checks it and goes on with it.
#include <chrono>
#include <cstdio>
#include <map>

#include "tests/crash/arguments.h"
#include "tests/crash/enumerator.h"
#include "tests/crash/workloads.h"

namespace keel::crash {
namespace {

constexpr const char* kHelp = R"(Usage: keel-crash [OPTIONS]

Runs seeded work on a simulated disk. Before every write, sync, rename and removal it takes the images
that a crash could leave (unsynced data lost, kept in part, reordered, torn or zeroed; unsynced names
lost), opens each distinct one, compares it with what had been acknowledged, and goes on with it.

  --states-max N     Stop after N distinct images (60000). The workloads take turns.
  --seconds-max S    Stop after S seconds, even with fewer (3600).
  --workload NAME    Only this one: )";

constexpr const char* kHelpEnd = R"(
  --seed N           Only this seed, from its start to its end: replays a violation.

The last line is `crash: states=N violations=M`. Exit code 0 without violations, 1 with, 2 if the
command line was not understood. keel-crash-mutants puts known bugs back in and shows that each is
found.
)";

void PrintHelp() {
  std::fputs(kHelp, stdout);
  for (const WorkloadKind& kind : Workloads()) std::printf("%s ", kind.name.c_str());
  std::fputs(kHelpEnd, stdout);
}

// A turn of every workload with one seed. False when there is nothing more to do.
class Run {
 public:
  explicit Run(const Arguments& arguments) : arguments_(arguments) {
    options_.states_max = arguments.seed ? UINT64_MAX : arguments.states_max;
  }

  int Whole() {
    for (uint64_t seed = arguments_.seed.value_or(1); !IsDone(); ++seed) {
      if (!Turn(seed)) return 2;
      if (arguments_.seed) break;
    }
    for (const std::string& report : tally_.reports) std::printf("violation: %s\n", report.c_str());
    std::printf("%llu runs, %llu crash points, %llu images checked, %.1f s\n", Count(tally_.runs),
                Count(tally_.crash_points), Count(tally_.checks), Seconds());
    std::printf("crash: states=%llu violations=%llu\n", Count(tally_.states.size()),
                Count(tally_.violations));
    return tally_.violations == 0 ? 0 : 1;
  }

 private:
  static unsigned long long Count(uint64_t count) { return count; }

  [[nodiscard]] double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  [[nodiscard]] bool IsDone() const {
    return tally_.IsFull(options_) || Seconds() >= static_cast<double>(arguments_.seconds_max);
  }

  bool Turn(uint64_t seed) {
    bool is_known = false;
    for (const WorkloadKind& kind : Workloads()) {
      if (!arguments_.workload.empty() && arguments_.workload != kind.name) continue;
      is_known = true;
      if (!IsDone()) Enumerate(kind, seed, options_, &tally_);
    }
    if (!is_known) std::fprintf(stderr, "no workload is named %s\n", arguments_.workload.c_str());
    return is_known;
  }

  const Arguments& arguments_;
  EnumerationOptions options_;
  Tally tally_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

int Main(int argc, char** argv) {
  const auto arguments = ParseArguments(argc, argv);
  if (!arguments) return 2;
  if (arguments->wants_help) {
    PrintHelp();
    return 0;
  }
  return Run(*arguments).Whole();
}

}  // namespace
}  // namespace keel::crash

int main(int argc, char** argv) { return keel::crash::Main(argc, argv); }
