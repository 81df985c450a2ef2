#include "jepsen/chaos/hunt.h"

#include <array>
#include <cstdio>
#include <filesystem>

#include "jepsen/chaos/run.h"
#include "jepsen/chaos/summary.h"

namespace keel::jepsen {
namespace {

constexpr std::chrono::seconds kTimeForEach{300};
constexpr uint64_t kRoundSeconds = 20;
constexpr uint64_t kRate = 400;
constexpr int kInterrupted = 130;

struct Planted {
  const char* bug;
  const char* mutant;
  std::vector<std::string> workloads;
  std::vector<std::string> faults;
};

const std::array kPlanted = {
    Planted{"ack before fsync", "kWalAckBeforeSync3", {"register", "set"}, {"lost-writes"}},
    Planted{"stale read", "kReadsAtOnce31", {"register", "set"}, {"pause", "delay"}},
    Planted{"lost vote",
            "kVoteErasedOnStepDown2",
            {"register", "append"},
            {"partition-one-way", "partition-leader", "partition-bridge", "delay", "transfer"}},
    Planted{"double apply on retry",
            "kForwardedAgain58",
            {"session", "register"},
            {"pause", "kill", "partition-leader", "transfer"}},
    Planted{"watch gap", "kWatchGap48", {"watch"}, {"kill", "restart"}},
    Planted{"early lease expiry", "kStaleRevoke34", {"lease"}, {"pause", "partition-leader"}},
};

// What a judge says against the run; empty: nothing.
std::string AnomalyIn(const RunResult& result) {
  for (const WorkloadResult& workload : result.workloads) {
    if (workload.report.judgements.empty()) continue;
    const Judgement& first = workload.report.judgements.front();
    return workload.name + ": " + (first.anomaly.empty() ? first.reason : first.anomaly);
  }
  return "";
}

// One run, and what gave the bug away in it; empty: nothing. A cluster that has lost what it
// acknowledged may notice, and refuse to serve. That tells of the bug only if the same run goes
// well without it: a busy machine and a fault of this tool make runs fail too.
std::string Hunt(const ChaosArguments& round, Interrupt* interrupt) {
  const RunResult result = RunChaos(round, interrupt);
  std::string anomaly = AnomalyIn(result);
  if (!anomaly.empty() || result.status.ok() || interrupt->has_come()) return anomaly;
  ChaosArguments control = round;
  control.mutant.clear();
  const RunResult sound = RunChaos(control, interrupt);
  if (!sound.status.ok() || !AnomalyIn(sound).empty()) return "";
  const std::string reason = result.status.ToString();
  return "the run failed, and the same run without the bug did not: " +
         reason.substr(0, reason.find('\n'));
}

}  // namespace

int HuntMutants(const ChaosArguments& arguments, Interrupt* interrupt) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  size_t found = 0;
  std::printf("%-24s %-24s %-10s %8s  %s\n", "bug", "mutant", "result", "seconds", "by");
  for (const Planted& planted : kPlanted) {
    ChaosArguments round = arguments;
    round.seconds = kRoundSeconds;
    round.rate = kRate;
    round.mutant = planted.mutant;
    round.workloads = planted.workloads;
    round.faults = planted.faults;
    if (round.server.empty()) round.server = (self.parent_path() / "keeld-mutants").string();
    const auto began = std::chrono::steady_clock::now();
    std::string evidence;
    while (evidence.empty() && std::chrono::steady_clock::now() - began < kTimeForEach) {
      evidence = Hunt(round, interrupt);
      if (interrupt->has_come()) return kInterrupted;
      round.seed++;
    }
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began);
    found += evidence.empty() ? 0 : 1;
    std::printf("%-24s %-24s %-10s %8lld  %s\n", planted.bug, planted.mutant,
                evidence.empty() ? "NOT FOUND" : "found", static_cast<long long>(seconds.count()),
                evidence.c_str());
    std::fflush(stdout);
  }
  std::printf("chaos: planted=%zu found=%zu seed=%llu\n", kPlanted.size(), found,
              static_cast<unsigned long long>(arguments.seed));
  return found == kPlanted.size() ? 0 : 1;
}

}  // namespace keel::jepsen
