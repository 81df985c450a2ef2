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

// A bug, the faults that bring it out, and the one check of the server's own, if any, that may find
// it in place of a judge: a member that sees its promises broken stops, and says why.
struct Planted {
  const char* bug;
  const char* mutant;
  std::vector<std::string> workloads;
  std::vector<std::string> faults;
  const char* own_check;  // words of the server's log; null: only a judge counts
};

const std::array kPlanted = {
    Planted{
        "ack before fsync", "kWalAckBeforeSync3", {"register", "set"}, {"lost-writes"}, nullptr},
    Planted{"stale read", "kReadsAtOnce31", {"register", "set"}, {"pause", "delay"}, nullptr},
    Planted{"lost vote",
            "kVoteUnsynced",
            {"register", "append"},
            {"lost-writes", "partition-leader"},
            "the vote is durable before any entry of its term"},
    Planted{"double apply on retry",
            "kForwardedAgain58",
            {"session", "register"},
            {"pause", "kill", "partition-leader", "transfer"},
            nullptr},
    Planted{"watch gap", "kWatchGap48", {"watch"}, {"kill", "restart"}, nullptr},
    Planted{"early lease expiry", "kLeaseEndsEarly", {"lease"}, {"pause", "delay"}, nullptr},
};

// What a judge says against the run; empty: nothing.
std::string AnomalyIn(const RunResult& result) {
  for (const WorkloadResult& workload : result.workloads) {
    for (const Judgement& judgement : workload.report.judgements) {
      if (judgement.verdict != Verdict::kNotLinearizable) continue;
      return "the judge of " + workload.name + ": " +
             (judgement.anomaly.empty() ? judgement.reason : judgement.anomaly);
    }
  }
  return "";
}

// The member that has stopped by its own check.
std::string OwnCheckIn(const RunResult& result, const Planted& planted) {
  if (planted.own_check == nullptr) return "";
  for (const auto& [name, log] : result.logs) {
    if (log.find(planted.own_check) != std::string::npos) {
      return name + " stopped by its own check: " + planted.own_check;
    }
  }
  return "";
}

// One run, and what gave the bug away in it; empty: nothing. That the run failed is no evidence: a
// busy machine and a fault of this tool make runs fail too.
std::string Hunt(const Planted& planted, const ChaosArguments& round, Interrupt* interrupt) {
  const RunResult result = RunChaos(round, interrupt);
  const std::string anomaly = AnomalyIn(result);
  return anomaly.empty() ? OwnCheckIn(result, planted) : anomaly;
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
      evidence = Hunt(planted, round, interrupt);
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
