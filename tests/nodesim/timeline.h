// What the driver of a simulated cluster does at which time: between the tasks of the world, never
// within one, so that it may end processes.
//
// Actions of one moment run in the order of their arrival. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "tests/node/support/world.h"

namespace keel::nodesim {

class Timeline {
 public:
  explicit Timeline(node_test::World* world) : world_(world) {}

  void After(uint64_t delay_us, std::function<void()> action) {
    actions_.emplace(world_->now_us() + delay_us, std::move(action));
  }

  // Lets the world run until `until_us` or until `ends` holds, and acts when it is time to.
  void RunUntil(uint64_t until_us, const std::function<bool()>& ends) {
    while (!ends() && world_->now_us() < until_us) {
      const uint64_t next_us = std::min(until_us, NextUs());
      if (next_us > world_->now_us()) {
        (void)world_->RunUntil([&] { return NextUs() <= world_->now_us() || ends(); },
                               next_us - world_->now_us());
      }
      while (!ends() && NextUs() <= world_->now_us()) {
        const auto action = actions_.extract(actions_.begin());
        action.mapped()();
      }
    }
  }

 private:
  [[nodiscard]] uint64_t NextUs() const {
    return actions_.empty() ? UINT64_MAX : actions_.begin()->first;
  }

  node_test::World* const world_;
  std::multimap<uint64_t, std::function<void()>> actions_;
};

}  // namespace keel::nodesim
