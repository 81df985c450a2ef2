// One run: a cluster, clients, faults, recovery, last reads. What comes out are histories.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "jepsen/chaos/arguments.h"
#include "jepsen/chaos/interrupt.h"
#include "jepsen/nemesis/nemesis.h"
#include "jepsen/workload/driver.h"

namespace keel::jepsen {

struct WorkloadResult {
  std::string name;
  History history;  // with the events of the nemesis, in the order of time
  size_t ok_count = 0;
  size_t fail_count = 0;
  size_t unknown_count = 0;
  Report report;
  PairedHistory paired;
};

struct RunResult {
  // Why the run itself failed: a fault without effect, a server that died or did not recover.
  Status status;
  std::vector<WorkloadResult> workloads;
  std::map<std::string, Nemesis::Tally> tallies;
  std::chrono::milliseconds overlap{0};
  std::chrono::milliseconds healed_after{0};  // until all nodes served again
  std::vector<std::string> remarks;           // what else happened to faults
  size_t skipped = 0;
  std::vector<std::pair<std::string, std::string>> logs;  // of each node: its name, its log
};

// The status is Cancelled when the run was interrupted; nothing is judged then.
[[nodiscard]] RunResult RunChaos(const ChaosArguments& arguments, Interrupt* interrupt);

}  // namespace keel::jepsen
