#include "tests/crash/workloads.h"

#include <memory>

#include "tests/crash/kv_workload.h"
#include "tests/crash/wal_workload.h"

namespace keel::crash {

const std::vector<WorkloadKind>& Workloads() {
  static const std::vector<WorkloadKind> kinds = {
#if KEEL_TESTS_LEVELDB
    {"kv", [](uint64_t seed) { return std::make_unique<KvWorkload>(KvWorkloadOptions{seed}); }},
#endif
    {"wal", [](uint64_t seed) { return std::make_unique<WalWorkload>(WalWorkloadOptions{seed}); }},
  };
  return kinds;
}

}  // namespace keel::crash
