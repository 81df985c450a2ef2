// One member's disk, written and completed by hand: what survives a crash, and what does not yet.
//
// Writes queue up in order and become durable when CompleteNext is called; a crash loses those that
// still wait. What is durable is exactly what a restart finds.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "raft/io.h"
#include "raft/restored.h"

namespace keel::raft {

class Disk {
 public:
  Disk() = default;
  // A disk that already holds something: `entries` follow `base` without a gap.
  Disk(Vote vote, SnapshotMeta base, std::vector<Entry> entries);

  // ---- what is durable ----
  [[nodiscard]] const Vote& vote() const { return vote_; }
  [[nodiscard]] const SnapshotMeta& base() const { return base_; }
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] Index last() const { return base_.last.index + entries_.size(); }
  [[nodiscard]] std::optional<Term> TermAt(Index index) const;
  // Empty if the log is one that Raft could have written, or else what is wrong with it.
  [[nodiscard]] std::string Defect() const;

  // ---- writing ----
  void Queue(Persist persist) { waiting_.push_back(std::move(persist)); }
  [[nodiscard]] bool HasWaiting() const { return !waiting_.empty(); }
  [[nodiscard]] size_t waiting_count() const { return waiting_.size(); }
  // The oldest write becomes durable. Requires HasWaiting().
  Persist CompleteNext();

  // ---- what happens to disks ----
  void LoseWaiting() { waiting_.clear(); }
  // The log is cut off at the front: the driver's state holds what it held.
  void CompactTo(const SnapshotMeta& base);
  // Damage: entries from here on cannot be read any more.
  void LoseEntriesFrom(Index from);

  // What a start finds. `applied` is how far the driver's state reaches.
  [[nodiscard]] Restored Restore(Index applied, bool damaged, size_t cache_bytes_max) const;
  // Up to `size_bytes_max` of the entries from `first` on, one at least; none if they are gone.
  [[nodiscard]] std::vector<Entry> Read(Index first, size_t size_bytes_max) const;

 private:
  void WriteEntries(const std::vector<Entry>& entries);

  Vote vote_;
  SnapshotMeta base_;
  std::vector<Entry> entries_;
  std::deque<Persist> waiting_;
};

}  // namespace keel::raft
