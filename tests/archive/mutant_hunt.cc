// Puts the bugs of the archive back in, one at a time, and demands that the tests of this folder
// notice each: those that need a moment which the simulator's seeds meet too seldom.
//
// Each hunt runs in a process of its own, because a broken archiver may stop at a check, and that
// too is a kill. Only in the test-only build that knows mutants.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "base/mutant.h"

namespace keel::server {
namespace {

using mutants::Mutant;

struct Hunted {
  Mutant mutant = Mutant::kNone;
  std::string_view name;
};

constexpr Hunted kHunted[] = {
#define KEEL_HUNTED(name) \
  { Mutant::name, #name }
    KEEL_HUNTED(kArchiveBytesUnsynced), KEEL_HUNTED(kArchiveNameUnsynced),
    KEEL_HUNTED(kArchiveUnsettled),     KEEL_HUNTED(kArchiveParentUnsynced),
    KEEL_HUNTED(kArchiveMarkedEarly),   KEEL_HUNTED(kArchiveGapUntold),
    KEEL_HUNTED(kArchiveGapSkipped),    KEEL_HUNTED(kArchivePrunesNeeded),
    KEEL_HUNTED(kArchiveJoinsEarly),    KEEL_HUNTED(kArchiveTipAhead),
    KEEL_HUNTED(kArchiveHidesExposure),
#undef KEEL_HUNTED
};

// Whether the tests fail, or come to a check.
bool IsFound(Mutant mutant) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    // Its words are of no use: that it fails is what is wanted.
    if (std::freopen("/dev/null", "w", stdout) == nullptr) _exit(0);
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(0);
    mutants::active = mutant;
    _exit(RUN_ALL_TESTS());
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && status != 0;
}

int Hunt() {
  // Without a bug they pass: else they would find anything.
  bool all_is_well = !IsFound(Mutant::kNone);
  if (!all_is_well) std::printf("the tests fail without any mutant\n");
  for (const Hunted& hunted : kHunted) {
    const bool is_found = IsFound(hunted.mutant);
    std::printf("%-24s %s\n", std::string(hunted.name).c_str(), is_found ? "killed" : "SURVIVED");
    all_is_well = all_is_well && is_found;
  }
  return all_is_well ? 0 : 1;
}

}  // namespace
}  // namespace keel::server

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return keel::server::Hunt();
}
