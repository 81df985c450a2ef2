// Lets workloads run at a bounded rate, whatever the servers do: an open loop. A step that is due
// while all clients of its workload wait is skipped and counted, and never made up for.
//
// Belongs to the network's executor; the methods may be called from the main thread.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "jepsen/cluster/patience.h"
#include "jepsen/workload/workload.h"

namespace keel::jepsen {

class Driver {
 public:
  struct Load {
    std::string name;
    std::unique_ptr<Workload> workload;
    unsigned weight = 1;
  };
  // `sleep` waits so long and gives false when the run is to end: then what waits is Cancelled.
  using Sleep = std::function<bool(std::chrono::milliseconds)>;
  Driver(Network* network, std::vector<Load> loads, uint64_t steps_per_second, Sleep sleep);

  // Prepares the workloads one after the other, again and again until each succeeds or patience is
  // over, then lets them run.
  Status Start(Patience patience);
  // No new steps; waits for those under way, but no longer than that.
  Status Stop(Patience patience);
  // The last steps, each slot one after the other.
  Status ReadAll(Patience patience);

  [[nodiscard]] const std::vector<Load>& loads() const { return loads_; }
  [[nodiscard]] size_t skipped() const { return skipped_; }

 private:
  struct Running {
    Load* load = nullptr;
    std::vector<size_t> free;  // slots
    uint64_t period_us = 0;
    uint64_t next_us = 0;
  };

  void Tick();
  void Take(Running* running);
  void LastSteps(Running* running, size_t slot);
  Status AwaitIdle(Patience patience);

  Network* const network_;
  const Sleep sleep_;
  std::vector<Load> loads_;
  std::vector<Running> running_;
  bool is_on_ = false;
  std::atomic<size_t> under_way_ = 0;
  std::atomic<size_t> skipped_ = 0;
};

}  // namespace keel::jepsen
