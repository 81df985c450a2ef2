// What has been asked of the disk, what the disk has confirmed, and what may therefore be promised.
//
// Persists complete in order; several may be in flight. A truncation clamps what those still in
// flight will have made durable, so that a late completion never vouches for entries that the log
// no longer holds (rabbitmq/ra 637).
#pragma once

#include <deque>

#include "raft/types.h"

namespace keel::raft {

class Durability {
 public:
  Durability() = default;
  // What was recovered from disk is durable.
  Durability(Vote vote, Index index) : vote_(vote), index_(index) {}

  // The log up to here, and this vote, are on disk.
  [[nodiscard]] Index index() const { return index_; }
  [[nodiscard]] const Vote& vote() const { return vote_; }

  // Issues the next persist: when it completes, `vote` and the log up to `last` are durable.
  PersistId Issue(Instant now, const Vote& vote, Index last);
  // The log was cut: nothing from `from` on is, or will be by what is in flight, durable.
  void TruncateFrom(Index from);
  // The log was replaced by a snapshot: what was durable before says nothing of what is now.
  void Reset();
  // Persist `id` and all before it have completed. An id that was not issued is ignored.
  void Complete(PersistId id);

  [[nodiscard]] bool IsIdle() const { return in_flight_.empty(); }
  [[nodiscard]] bool IsInFlight(PersistId id) const {
    return !in_flight_.empty() && id >= in_flight_.front().id && id <= last_issued_;
  }
  [[nodiscard]] PersistId last_issued() const { return last_issued_; }
  // When the oldest persist in flight was issued. Requires !IsIdle().
  [[nodiscard]] Instant OldestIssuedAt() const { return in_flight_.front().issued_at; }

 private:
  struct InFlight {
    PersistId id;
    Instant issued_at;
    Vote vote;
    Index last;
  };
  std::deque<InFlight> in_flight_;
  PersistId last_issued_;
  Vote vote_;
  Index index_;
};

}  // namespace keel::raft
