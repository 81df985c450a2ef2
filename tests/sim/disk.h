// One member's disk: what is durable, and the writes that are on their way there.
//
// Writes complete in order. Within one write the vote comes first, then the snapshot, then the cut
// of the log, then the entries. A crash loses what has not completed: all of it, or all but some
// prefix of it. Damage and loss are done to what is durable. The disk knows nothing of time: its
// host decides when a write completes. One thread.
#pragma once

#include <deque>
#include <functional>

#include "base/prng.h"
#include "raft/io.h"
#include "tests/sim/kv_state.h"

namespace keel::sim {

class Disk {
 public:
  struct Write {
    raft::Persist persist;
    KvImagePtr image;  // of persist.snapshot
  };

  // What of a write became durable: told at every completion, whole or partial.
  using OnDurable = std::function<void(const raft::Persist& done)>;

  // The first bootstrap: the initial config stands at index 0. None for a member that joins.
  explicit Disk(raft::SnapshotMeta base);

  // ---- what is durable ----
  [[nodiscard]] const raft::Vote& vote() const { return vote_; }
  [[nodiscard]] const raft::SnapshotMeta& base() const { return base_; }
  [[nodiscard]] Index last() const { return base_.last.index + log_.size(); }
  // Requires base().last.index < index <= last().
  [[nodiscard]] const raft::Entry& At(Index index) const {
    return log_[index - base_.last.index - 1];
  }
  [[nodiscard]] const KvImagePtr& image() const { return image_; }
  [[nodiscard]] bool is_damaged() const { return is_damaged_; }
  [[nodiscard]] bool is_wiped() const { return is_wiped_; }
  // Kept beside the vote, and lost with it.
  [[nodiscard]] uint64_t boot() const { return boot_; }
  void SetBoot(uint64_t boot) { boot_ = boot; }
  [[nodiscard]] bool IsStateLost() const { return image_->meta.last.index < base_.last.index; }

  // ---- the host's work ----
  void Start(Write write) { pending_.push_back(std::move(write)); }
  [[nodiscard]] size_t pending_count() const { return pending_.size(); }
  // Requires that something is pending.
  raft::PersistId CompleteOldest(const OnDurable& on_durable);
  // The state machine's own copy has become durable.
  void SaveImage(KvImagePtr image);
  // Drops the log up to `base`; does nothing if it begins later already.
  void Compact(const raft::SnapshotMeta& base);
  void ClearDamage() { is_damaged_ = false; }
  // The state is ahead of what is left of the log: the log begins anew behind it.
  void BeginBehindImage();

  // ---- faults ----
  void Crash(Prng& prng, const OnDurable& on_durable);
  // The log is gone from `from` on; the mark says so. Requires base().last.index < from.
  void Damage(Index from);
  // The state goes back to nothing, while the log is whole.
  void LoseState();
  void Wipe();

 private:
  void Apply(const raft::Persist& persist, const KvImagePtr& image);

  raft::Vote vote_;
  raft::SnapshotMeta base_;
  std::deque<raft::Entry> log_;
  KvImagePtr image_;
  uint64_t boot_ = 0;
  bool is_damaged_ = false;
  bool is_wiped_ = false;
  std::deque<Write> pending_;
};

}  // namespace keel::sim
