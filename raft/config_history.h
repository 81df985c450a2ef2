// The configs along the log: the one in force is always the last one *in the log*, committed or
// not.
//
// A truncated config entry takes its config with it; compaction folds the old ones into the base.
// There is one rule for every use, voting and counting alike (etcd 7625: effective at apply here
// and at append there).
#pragma once

#include <deque>
#include <memory>

#include "raft/config.h"
#include "raft/types.h"

namespace keel::raft {

class ConfigHistory {
 public:
  ConfigHistory();
  // `base` is in force at `index`, where the log begins.
  ConfigHistory(Index index, std::shared_ptr<const Config> base);

  // The config in force, and where its entry stands.
  [[nodiscard]] const Config& current() const { return *configs_.back().config; }
  [[nodiscard]] const std::shared_ptr<const Config>& current_ptr() const {
    return configs_.back().config;
  }
  [[nodiscard]] Index current_index() const { return configs_.back().index; }

  // The config that was in force at `index`; requires that it is not before the base.
  [[nodiscard]] const std::shared_ptr<const Config>& At(Index index) const;

  // Whether any config that may still be in force somewhere has lease reads on.
  [[nodiscard]] bool AnyLeaseReads() const;

  void Append(Index index, std::shared_ptr<const Config> config);
  // True if the config in force changed.
  bool TruncateFrom(Index from);
  void CompactTo(Index index);

 private:
  struct Step {
    Index index;
    std::shared_ptr<const Config> config;
  };
  std::deque<Step> configs_;  // never empty; the first is the base
};

}  // namespace keel::raft
