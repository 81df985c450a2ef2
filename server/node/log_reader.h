// Turns what a recovery finds in the log, record by record, into what a core starts from.
//
// It keeps the terms as runs, the configs, and the newest entries within a bound, so that a start
// takes no more memory than a core does. Lives for one start; one thread.
#pragma once

#include <map>

#include "raft/log.h"
#include "raft/restored.h"
#include "wal/types.h"

namespace keel::node {

class LogReader final : public wal::LogVisitor {
 public:
  explicit LogReader(size_t cache_bytes_max) : cache_bytes_max_(cache_bytes_max) {}

  Status OnEntry(const wal::EntryView& entry) override;
  void OnBase(const wal::Position& base) override;
  void OnCleared(const wal::Position& base) override;

  // `config` is the one in force at the log's base, or null.
  [[nodiscard]] raft::Restored Finish(std::shared_ptr<const raft::Config> config) const;

 private:
  const size_t cache_bytes_max_;
  raft::Position base_;
  // Read from its middle, as after a compaction, the log begins behind base_ until the record comes
  // that moves the base there; and the term before its first entry is not known until then.
  raft::Log log_;
  std::map<Index, raft::Entry> configs_;
};

}  // namespace keel::node
