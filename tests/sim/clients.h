// The clients: an open-loop load of puts, compare-and-puts and linearizable reads, and what they
// were told.
//
// They come in small bursts and do not wait for each other. Most ask whom they believe to lead;
// some ask anybody. An operation ends as ok, refused (it was not and will not be done) or unknown,
// once. Clients can always reach every host that is up. One thread.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/prng.h"
#include "tests/sim/history.h"
#include "tests/sim/host.h"

namespace keel::sim {

struct ClientTally {
  uint64_t offered = 0;
  uint64_t acknowledged = 0;
  uint64_t refused = 0;
  uint64_t unknown = 0;
  uint64_t acknowledged_writes = 0;
};

class Clients {
 public:
  Clients(const Profile& profile, const std::vector<std::unique_ptr<Host>>* hosts, Prng prng)
      : profile_(profile), hosts_(hosts), prng_(prng) {}

  // A burst of operations. Returns when the next one is due.
  Micros Burst(Micros now);

  void OnWritten(Micros now, OpId op, Index index, const KvState::Result& result);
  void OnRead(Micros now, OpId op, Index state_index, const KvState::Cell& cell);
  void OnRefused(Micros now, OpId op);
  void OnUnknown(Micros now, OpId op);

  // A host whom a member names as the leader, or takes for it.
  [[nodiscard]] Slot believed_leader() const { return believed_leader_; }
  [[nodiscard]] History& history() { return history_; }
  [[nodiscard]] const History& history() const { return history_; }
  [[nodiscard]] const ClientTally& tally() const { return tally_; }
  [[nodiscard]] Micros last_write_acknowledged_at() const { return last_write_at_; }
  // Everything that is still open is given up.
  void GiveUp(Micros now);

 private:
  [[nodiscard]] Host* PickTarget(uint32_t astray_percent);
  void LearnLeader(const Host& asked);
  void ExpireOld(Micros now);
  void Close(OpId op, Outcome outcome, Micros now);

  const Profile& profile_;
  const std::vector<std::unique_ptr<Host>>* hosts_;
  Prng prng_;
  History history_;
  ClientTally tally_;
  Slot believed_leader_ = 0;
  Micros last_write_at_ = 0;
  size_t oldest_open_ = 0;
  std::array<Index, KvState::kKeys> known_revisions_{};
};

}  // namespace keel::sim
