#include "tests/crash/workloads.h"

#include <memory>

#include "tests/crash/wal_workload.h"

namespace keel::crash {

const std::vector<WorkloadKind>& Workloads() {
  static const std::vector<WorkloadKind> kinds = {
      {"wal",
       [](uint64_t seed) { return std::make_unique<WalWorkload>(WalWorkloadOptions{seed}); }},
  };
  return kinds;
}

}  // namespace keel::crash
