// keel-jepsen: cuts a cluster of real servers apart, and judges what its clients were told.
#include <cstdio>

#include "jepsen/chaos/arguments.h"
#include "jepsen/chaos/hunt.h"
#include "jepsen/chaos/run.h"
#include "jepsen/chaos/save.h"
#include "jepsen/chaos/summary.h"
#include "jepsen/cluster/namespaces.h"

namespace {

constexpr int kAnomaly = 1;
constexpr int kUsage = 2;
constexpr int kRunFailed = 3;
constexpr int kInterrupted = 130;

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = keel::jepsen::ParseChaosArguments(argc, argv);
  if (!arguments.ok()) {
    std::fprintf(stderr, "keel-jepsen: %s\n", std::string(arguments.status().message()).c_str());
    return kUsage;
  }
  if (arguments->wants_help) {
    std::fputs(keel::jepsen::ChaosHelpText().c_str(), stdout);
    return 0;
  }
  if (arguments->network != keel::jepsen::NetworkKind::kLoopback) {
    const keel::Status apart = keel::jepsen::EnterOwnNetwork();
    if (!apart.ok()) {
      std::fprintf(stderr, "keel-jepsen: %s\n", std::string(apart.message()).c_str());
      return kRunFailed;
    }
  }
  keel::jepsen::Interrupt interrupt;
  if (arguments->hunts_mutants) return keel::jepsen::HuntMutants(*arguments, &interrupt);
  keel::jepsen::RunResult result = keel::jepsen::RunChaos(*arguments, &interrupt);
  if (interrupt.has_come()) {
    std::fputs("keel-jepsen: interrupted; nothing is left behind\n", stderr);
    return kInterrupted;
  }
  if (!arguments->out.empty()) {
    const keel::Status saved = Save(*arguments, result);
    if (result.status.ok()) result.status = saved;
  }
  std::fputs(keel::jepsen::Summary(*arguments, result).c_str(), stdout);
  if (keel::jepsen::AnomalyCount(result) > 0) return kAnomaly;
  return result.status.ok() ? 0 : kRunFailed;
}
