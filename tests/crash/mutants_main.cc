// keel-crash-mutants: puts each known bug of the disk back in, and shows that the crash enumeration
// finds it.
//
// Each mutant runs in a process of its own, since a bug may end it by a failed CHECK, which counts
// as found.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "base/mutant.h"
#include "tests/crash/arguments.h"
#include "tests/crash/enumerator.h"
#include "tests/crash/workloads.h"

namespace keel::crash {
namespace {

constexpr const char* kHelp = R"(Usage: keel-crash-mutants [--mutant NAME] [--states-max N]

Puts the known bugs of the disk back in, one at a time, and runs the crash enumeration until it finds a
violation or has checked N distinct images (20000). The last line is `mutants: killed=N survived=M`;
exit code 0 if none survived.
)";

constexpr uint64_t kStatesMax = 20'000;

struct Entry {
  mutants::Mutant mutant;
  std::string name;
  std::string text;
  std::string workload;
};

const std::vector<Entry>& Mutants() {
  static const std::vector<Entry> entries = {
#define KEEL_MUTANT_ENTRY(name, text) {mutants::Mutant::name, #name, text, "wal"},
      KEEL_WAL_MUTANT_LIST(KEEL_MUTANT_ENTRY)
#undef KEEL_MUTANT_ENTRY
  };
  return entries;
}

// In the child. The first violation goes to the pipe; exit code 1 with one, 0 without.
[[noreturn]] void Hunt(const Entry& entry, uint64_t states_max, int pipe) {
  mutants::active = entry.mutant;
  const EnumerationOptions options = {.states_max = states_max, .violations_max = 1};
  Tally tally;
  for (uint64_t seed = 1; !tally.IsFull(options); ++seed) {
    for (const WorkloadKind& kind : Workloads()) {
      if (kind.name == entry.workload) Enumerate(kind, seed, options, &tally);
    }
  }
  if (!tally.reports.empty()) {
    const std::string& report = tally.reports.front();
    (void)!write(pipe, report.data(), report.size());
  }
  _exit(tally.violations == 0 ? 0 : 1);
}

struct Verdict {
  bool killed = false;
  std::string how;
};

Verdict Judge(const Entry& entry, uint64_t states_max) {
  int ends[2];
  if (pipe(ends) != 0) return {false, "no pipe"};
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) return {false, "no process"};
  if (child == 0) {
    close(ends[0]);
    Hunt(entry, states_max, ends[1]);
  }
  close(ends[1]);
  std::string report;
  char buffer[512];
  for (ssize_t count = 0; (count = read(ends[0], buffer, sizeof buffer)) > 0;) {
    report.append(buffer, static_cast<size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return {true, "a failed CHECK"};
  return {WEXITSTATUS(status) != 0, report};
}

int Main(int argc, char** argv) {
  const auto arguments = ParseArguments(argc, argv);
  if (!arguments) return 2;
  if (arguments->wants_help) {
    std::fputs(kHelp, stdout);
    return 0;
  }
  const uint64_t states_max = std::min(arguments->states_max, kStatesMax);
  int killed = 0;
  int survived = 0;
  for (const Entry& entry : Mutants()) {
    if (!arguments->mutant.empty() && arguments->mutant != entry.name) continue;
    const Verdict verdict = Judge(entry, states_max);
    ++(verdict.killed ? killed : survived);
    std::printf("%-8s %-28s %s\n", verdict.killed ? "killed" : "SURVIVED", entry.name.c_str(),
                entry.text.c_str());
    if (!verdict.how.empty()) std::printf("         %s\n", verdict.how.c_str());
  }
  std::printf("mutants: killed=%d survived=%d\n", killed, survived);
  return survived == 0 && killed > 0 ? 0 : 1;
}

}  // namespace
}  // namespace keel::crash

int main(int argc, char** argv) { return keel::crash::Main(argc, argv); }
