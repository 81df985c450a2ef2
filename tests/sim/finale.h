// The liveness phase: everything is healed, and then the cluster must be whole again.
//
// In this order: a leader that commits within 20 election timeouts; clients served; nobody damaged,
// nothing joint, everybody promoted who should be; all replicas equal and every member able to
// read; then quiet: no other leader for some election timeouts, though removed members go on. Last
// the history is judged. What fails is reported to the checker. One thread.
#pragma once

#include "tests/sim/nemesis.h"
#include "tests/sim/world.h"

namespace keel::sim {

class Finale {
 public:
  Finale(World* world, Nemesis* nemesis) : world_(world), nemesis_(nemesis) {}

  // Requires that the nemesis has healed everything. False if a rule is broken.
  bool Run();

  // From healing to a leader that has committed, in election timeouts.
  [[nodiscard]] double leader_after_timeouts() const { return leader_after_timeouts_; }

 private:
  [[nodiscard]] Micros Timeouts(uint64_t count) const;
  // Runs until `holds`, looking often; reports `rule` if it takes longer than `timeouts`.
  template <class Holds, class Why>
  bool Await(uint64_t timeouts, std::string_view rule, const Holds& holds, const Why& why);
  [[nodiscard]] Host* WorkingLeader() const;
  [[nodiscard]] std::string WhyNotSettled() const;
  [[nodiscard]] std::string WhyNotEqual() const;
  bool StaysQuiet();
  bool EverybodyReads();
  bool JudgeHistory();

  World* world_;
  Nemesis* nemesis_;
  double leader_after_timeouts_ = 0;
};

}  // namespace keel::sim
