// The liveness phase: everything is healed, and then the cluster must be whole again.
//
// In this order: a leader that commits within 20 election timeouts, once those that it needs have
// been fed what its log no longer holds; clients served; nobody damaged,
// nothing joint, everybody promoted who should be; no lease that outlives its holder; every request
// answered, every watch complete; all replicas equal, and every member able to read. Last the
// history is judged. What fails is reported to the checker. One thread.
#pragma once

#include <string>

#include "tests/nodesim/nemesis.h"

namespace keel::nodesim {

class Finale {
 public:
  Finale(Stage* stage, Nemesis* nemesis) : stage_(stage), nemesis_(nemesis) {}

  // False if a rule is broken.
  bool Run();

  // From healing to a leader that has committed, in election timeouts.
  [[nodiscard]] double leader_after_timeouts() const { return leader_after_timeouts_; }

 private:
  using Place = Stage::Place;
  [[nodiscard]] uint64_t TimeoutsUs(uint64_t count) const;
  // Runs until `why_not` has nothing to say; reports `rule` if that takes longer. Time in which
  // `is_excused` does not count, up to when all must have settled.
  bool Await(uint64_t patience_us, std::string_view rule,
             const std::function<std::string()>& why_not,
             const std::function<bool()>& is_excused = nullptr);
  [[nodiscard]] bool FeedsAVoter();
  [[nodiscard]] std::string WhyNotSettled();
  [[nodiscard]] std::string WhyNotEqual();
  bool EverybodyReads();
  bool StatesAreEqual();
  bool ArchiveKeepsUp();
  bool ArchiveIsWhole();
  bool Judge();

  Stage* const stage_;
  Nemesis* const nemesis_;
  double leader_after_timeouts_ = 0;
};

}  // namespace keel::nodesim
