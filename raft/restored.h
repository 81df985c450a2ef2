// What a member knows of its past when its core starts: read from disk, handed over whole.
//
// The driver makes one of these behind the log's base, adds the log's entries in order, and fills
// in the rest. A member that never was starts from the initial config of its cluster at index 0;
// one that joins a cluster starts from nothing at all.
#pragma once

#include <memory>
#include <utility>

#include "raft/config_history.h"
#include "raft/log.h"
#include "raft/types.h"

namespace keel::raft {

class Restored {
 public:
  // `base` is where the log begins: the snapshot or compaction below it, or index 0 with the
  // initial config. A null config means that the member knows of none yet.
  explicit Restored(SnapshotMeta base = {});

  // The next entry of the log, which must be contiguous; a config entry must decode. Of all that is
  // added, about `cache_bytes_max` of the newest stay in memory.
  void Add(Entry entry, size_t cache_bytes_max = size_t{32} << 20);

  Vote vote;
  // How far the driver's state is durable. Before the base: the state is lost, and the core asks
  // the leader for a snapshot.
  Index applied;
  // The log lost something that it may have acknowledged (the vote did not).
  bool damaged = false;

  [[nodiscard]] const Log& log() const { return log_; }
  [[nodiscard]] const ConfigHistory& configs() const { return configs_; }

 private:
  friend class Raft;

  Log log_;
  ConfigHistory configs_;
};

}  // namespace keel::raft
