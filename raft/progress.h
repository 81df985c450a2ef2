// What a leader knows of one peer, and how much it may send to it.
//
// probe      the peer's log end is not known: one append at a time, the next after its reply
// replicate  appends flow ahead of their acknowledgements, bounded in messages and in bytes
// snapshot   the peer is too far behind for the log: silent until the snapshot has arrived
//
// Always: match < next; what is in flight lies in [match + 1, next - 1] and within its bounds.
#pragma once

#include <deque>

#include "raft/message.h"
#include "raft/types.h"

namespace keel::raft {

enum class FlowState : uint8_t { kProbe, kReplicate, kSnapshot };

// Appends that were sent and not yet acknowledged, oldest first.
class Inflight {
 public:
  void Add(Index last, size_t bytes);
  // Everything up to `match` has been acknowledged.
  void FreeUpTo(Index match);
  void Clear();

  [[nodiscard]] size_t messages() const { return sent_.size(); }
  [[nodiscard]] size_t bytes() const { return bytes_; }

 private:
  struct Sent {
    Index last;
    size_t bytes = 0;
  };
  std::deque<Sent> sent_;
  size_t bytes_ = 0;
};

struct Progress {
  NodeId id;

  FlowState state = FlowState::kProbe;
  Index match;            // acknowledged: durable there and equal to our log
  Index next{1};          // the next entry to send
  Index commit_sent;      // the newest commit index that it was told of
  bool probing = false;   // probe: one is on its way
  bool fetching = false;  // entries were asked of the driver
  Inflight inflight;

  Index snapshot_needed;  // snapshot: it must cover this much at least
  Index snapshot_index;   // snapshot: what was sent covers up to here; none until it is ready
  Instant snapshot_asked_at;

  // Liveness, for check-quorum, rounds and leases.
  bool active = false;        // heard from since the last check
  bool was_active = false;    // … and between that one and the one before
  Instant heard_at;           // by a heartbeat's answer
  uint64_t round_acked = 0;   // the newest of our broadcasts that it answered
  uint64_t round_leased = 0;  // … and promised to keep the lease for

  // Health. A peer that is not whole counts towards no majority.
  BootId boot;
  Health health = Health::kWhole;
  bool wants_snapshot = false;
  Index heal_target;  // damaged: our last index when it first reported

  // Learners: a round ends when the peer has what we had when the round began.
  Index catchup_target;
  Instant catchup_began_at;
  bool caught_up = false;

  [[nodiscard]] Index CountedMatch() const { return health == Health::kWhole ? match : Index(); }
  // Heard from lately, also right after a check.
  [[nodiscard]] bool IsLively() const { return active || was_active; }
  [[nodiscard]] bool IsPaused(size_t inflight_messages_max, size_t inflight_bytes_max) const;

  void BecomeProbe(Index next_index);
  void BecomeReplicate();
  void BecomeSnapshot(Instant now, Index needed);

  // An acknowledgement of everything up to `index`. False if it said nothing new.
  bool Acknowledge(Index index);
  // A refusal of prev == `refused`; the peer's log may meet ours at `meeting`. False if it is
  // stale.
  bool Refuse(Index refused, Index meeting);
};

}  // namespace keel::raft
