// When the history is cut by itself: after a time, or to a number of revisions, as etcd does it.
//
// Every member keeps note of which revision was the newest when, so that whoever leads can tell
// what is old; the leader alone proposes. CompactionPlan is the plan, without a clock; Compactor
// drives it on an executor, to which it belongs.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/clock.h"
#include "base/executor.h"
#include "server/config.h"
#include "server/node/node.h"

namespace keel::server {

class CompactionPlan {
 public:
  struct Options {
    CompactionMode mode = CompactionMode::kPeriodic;
    uint64_t retention_ms = 0;         // kPeriodic; 0: never
    uint64_t retention_revisions = 0;  // kRevision; 0: never
  };
  explicit CompactionPlan(const Options& options) : options_(options) {}

  // How often to ask; 0: never.
  [[nodiscard]] uint64_t PeriodMs() const;
  struct Now {
    uint64_t monotonic_ms = 0;
    Revision revision;
    Revision compacted;
  };
  // The revision to compact to now, if any.
  [[nodiscard]] std::optional<Revision> Next(const Now& now);

 private:
  struct Sample {
    uint64_t at_ms = 0;
    Revision revision;
  };
  const Options options_;
  std::deque<Sample> samples_;  // of one retention: a bounded number, by PeriodMs
};

class Compactor {
 public:
  struct Seams {
    node::Node* node = nullptr;
    const Clock* clock = nullptr;
    Executor* executor = nullptr;
  };
  Compactor(const CompactionPlan::Options& options, const Seams& seams)
      : plan_(options), seams_(seams) {}
  void Start() { Later(); }

 private:
  void Later();
  void Look();

  CompactionPlan plan_;
  const Seams seams_;
};

}  // namespace keel::server
