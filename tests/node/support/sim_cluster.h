// Some members, a network and a world, from one seed: where whole nodes are tested.
//
// Everything that happens follows from the seed and from what the test does. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/node/support/sim_member.h"

namespace keel::node_test {

class SimCluster {
 public:
  struct Options {
    uint64_t seed = 1;
    size_t members = 3;
    bool starts = true;  // else the test starts them
    node::NodeOptions node = SmallOptions();
    Network::Latency latency;
    // For each member, as in SimMember::Options.
    bool level_engine = false;
    std::function<void(SimMember*, node::Node::Seams*)> on_seams;
    std::function<void(SimMember*)> on_opened;
  };
  // Voters of one static cluster, started unless told otherwise.
  explicit SimCluster(const Options& options);

  // Times and bounds that make much happen in little simulated time.
  [[nodiscard]] static node::NodeOptions SmallOptions();

  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] Network& network() { return network_; }
  [[nodiscard]] size_t size() const { return members_.size(); }
  [[nodiscard]] SimMember& at(size_t i) { return *members_[i]; }
  // One more, with an empty directory; not started.
  SimMember& Add();

  // Who leads in the highest term; null if nobody does.
  [[nodiscard]] SimMember* Leader();
  // A leader that all who are up follow, and whose term's first entry is committed.
  [[nodiscard]] bool HasSettled();
  bool RunUntilSettled(uint64_t patience_us = 20'000'000);
  // All members up, with all that is committed applied by all.
  bool RunUntilEqual(uint64_t patience_us = 60'000'000);
  void StartAll();

 private:
  const Options options_;
  World world_;
  Network network_;
  std::vector<std::unique_ptr<SimMember>> members_;
};

}  // namespace keel::node_test
