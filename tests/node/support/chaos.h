// Makes trouble in a simulated cluster, as its seed says: processes die and come back, links are
// cut and reset, disks stall.
//
// At most a minority is down at any time, so that the cluster goes on; Heal ends all trouble.
#pragma once

#include "tests/node/support/workload.h"

namespace keel::node_test {

class Chaos {
 public:
  Chaos(SimCluster* cluster, Workload* workload)
      : cluster_(cluster), workload_(workload), prng_(cluster->world().prng().Fork()) {}

  // One piece of trouble, or the end of one.
  void Strike();
  void Heal();

  [[nodiscard]] uint64_t kills() const { return kills_; }

 private:
  void KillOne();
  void StartOne();
  void CutOne();
  void Isolate();
  void StallOne();
  void Transfer();
  [[nodiscard]] SimMember& Any() { return cluster_->at(prng_.Below(cluster_->size())); }
  [[nodiscard]] size_t DownCount();

  SimCluster* const cluster_;
  Workload* const workload_;
  Prng prng_;
  uint64_t kills_ = 0;
};

}  // namespace keel::node_test
