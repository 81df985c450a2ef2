// keel-jepsen: cuts a cluster of real servers apart, and judges what its clients were told.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "jepsen/chaos/arguments.h"
#include "jepsen/chaos/run.h"
#include "jepsen/chaos/summary.h"

namespace {

constexpr int kAnomaly = 1;
constexpr int kUsage = 2;
constexpr int kRunFailed = 3;
constexpr int kInterrupted = 130;

keel::Status Save(const std::string& directory, const keel::jepsen::RunResult& result) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return keel::ErrnoStatus(error.value(), "making " + directory);
  for (const auto& workload : result.workloads) {
    const std::string path = directory + "/" + workload.name + ".edn";
    std::ofstream file(path);
    for (const auto& event : workload.history.events) file << ToEdn(event) << "\n";
    file.close();
    if (!file) return keel::Internal("writing " + path);
  }
  return {};
}

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
  keel::jepsen::Interrupt interrupt;
  const keel::jepsen::RunResult result = keel::jepsen::RunChaos(*arguments, &interrupt);
  if (interrupt.has_come()) {
    std::fputs("keel-jepsen: interrupted; nothing is left behind\n", stderr);
    return kInterrupted;
  }
  if (!arguments->out.empty()) {
    const keel::Status saved = Save(arguments->out, result);
    if (!saved.ok()) {
      std::fprintf(stderr, "keel-jepsen: %s\n", std::string(saved.message()).c_str());
      return kRunFailed;
    }
  }
  std::fputs(keel::jepsen::Summary(*arguments, result).c_str(), stdout);
  if (keel::jepsen::AnomalyCount(result) > 0) return kAnomaly;
  return result.status.ok() ? 0 : kRunFailed;
}
