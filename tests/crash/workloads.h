// The workloads that the crash enumeration knows. A new one is added in workloads.cc.
#pragma once

#include <vector>

#include "tests/crash/workload.h"

namespace keel::crash {

[[nodiscard]] const std::vector<WorkloadKind>& Workloads();

}  // namespace keel::crash
