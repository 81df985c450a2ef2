// ReadIndex, batched (dissertation §6.4): a read captures the commit index when it arrives and is
// answered once a majority has confirmed a broadcast that was made after it.
//
// Reads that arrive together share a round. Nothing is answered by a round that began before the
// read did, and each id is used once: a retry is a new read (etcd 20418).
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "raft/types.h"

namespace keel::raft {

struct PendingReads {
  NodeId asker;  // ourselves, or the follower to answer
  std::vector<ReadId> ids;
  Index index;  // the commit index when they arrived
};

class ReadRounds {
 public:
  void Add(PendingReads reads);
  // Reads wait for a broadcast.
  [[nodiscard]] bool WantsRound() const { return !waiting_.empty(); }
  // A broadcast numbered `round` goes out: the waiting reads ride on it.
  void BeginRound(uint64_t round);
  // A majority has confirmed `round`: moves what it and earlier rounds carried to `out`.
  void Confirm(uint64_t round, std::vector<PendingReads>* out);
  // Moves everything to `out`: the leader is one no longer.
  void TakeAll(std::vector<PendingReads>* out);

  [[nodiscard]] size_t read_count() const { return read_count_; }
  [[nodiscard]] bool HasRoundInFlight() const { return !in_flight_.empty(); }

 private:
  struct Round {
    uint64_t number = 0;
    std::vector<PendingReads> reads;
  };
  std::vector<PendingReads> waiting_;
  std::deque<Round> in_flight_;
  size_t read_count_ = 0;
};

}  // namespace keel::raft
