// Progress while things go wrong: as long as some majority is well, clients must get on.
//
// "Well" is a set of voters that is a majority by every config that its members have in their logs,
// all of them up, whole, with working disks, and connected to each other both ways in fair weather.
// Whatever the others do, that set must elect and commit within twenty election timeouts. Only a
// leader behind a lossy or slow link may be as slow as its link. One thread.
#pragma once

#include "tests/sim/world.h"

namespace keel::sim {

class Watchdog {
 public:
  static constexpr uint64_t kPatienceTimeouts = 20;

  explicit Watchdog(World* world) : world_(world) {}

  // To be called a few times in every election timeout.
  void Look();

 private:
  [[nodiscard]] bool IsWell(const Host& host) const;
  [[nodiscard]] bool IsConnected(SlotSet set) const;
  [[nodiscard]] bool IsMajority(SlotSet set) const;
  [[nodiscard]] bool StillHolds() const;
  [[nodiscard]] SlotSet FindWellMajority() const;

  World* world_;
  SlotSet well_ = 0;
  Micros since_ = 0;
};

}  // namespace keel::sim
