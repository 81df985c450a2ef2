// Linearizable reads that this node was asked for: each waits for the core to name an index, and
// then for the state to reach it.
//
// Each gets exactly one outcome: a view of the state that holds everything that had been answered
// to anybody before the read was asked for, or why there is none. A refused read has done nothing
// and may be asked again; it takes a new id then (etcd 20418). Belongs to the node role.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <variant>
#include <vector>

#include "kv/mvcc/read_view.h"
#include "raft/io.h"
#include "server/node/once.h"

namespace keel::node {

using ReadOutcome = std::variant<std::shared_ptr<const kv::ReadView>, raft::ReadRefusal>;
// When it had come how far, by this node's monotonic clock; 0: it had not.
struct ReadTimes {
  uint64_t asked_ms = 0;
  uint64_t indexed_ms = 0;  // the core had named the index, or had refused to
  uint64_t applied_ms = 0;  // the state had reached it, or had not in time
};
using ReadDone = Once<ReadOutcome, ReadTimes>;

class Reads {
 public:
  struct Options {
    NodeId self;
    raft::BootId boot;
    size_t reads_max = 65'536;
    uint64_t patience_ms = 5'000;
    uint64_t slow_index_ms = 500;  // as etcd counts them
  };
  explicit Reads(const Options& options) : options_(options) {}

  // The id to ask the core for; none if it was refused at the bound.
  [[nodiscard]] std::optional<raft::ReadId> Add(ReadDone done, uint64_t now_ms);

  void OnReady(const raft::ReadReady& ready, uint64_t now_ms);
  // Refusals for want of a leader are asked again until the read's patience ends. True: AskAgain is
  // to be called in a while.
  [[nodiscard]] bool OnRefused(const raft::ReadRefused& refused, uint64_t now_ms);
  // The new ids of all that were refused so; sequences ascend in the order of asking.
  [[nodiscard]] std::vector<raft::ReadId> AskAgain();
  // Refuses what has waited for longer than its patience: a member that was removed, or that is cut
  // off, may never reach the index that its read was given.
  void Expire(uint64_t now_ms);
  // Answers what waits for an index that the view has reached.
  void OnApplied(const std::shared_ptr<const kv::ReadView>& view, uint64_t now_ms);
  void Shutdown();

  [[nodiscard]] size_t size() const { return asked_.size() + refused_.size() + waiting_.size(); }
  // Those whose index took long to come, or did not come.
  [[nodiscard]] uint64_t slow_count() const { return slow_count_; }
  // Those that ended without an index.
  [[nodiscard]] uint64_t failed_count() const { return failed_count_; }

 private:
  struct Asked {
    ReadDone done;
    uint64_t asked_ms = 0;
  };
  struct Waiting {
    ReadDone done;
    ReadTimes times;
  };
  [[nodiscard]] raft::ReadId Ask(Asked asked);
  [[nodiscard]] bool IsOver(uint64_t asked_ms, uint64_t now_ms) const {
    return now_ms >= asked_ms + options_.patience_ms;
  }
  void CountIfSlow(const Asked& asked, uint64_t now_ms);

  const Options options_;
  uint64_t next_sequence_ = 1;
  std::unordered_map<uint64_t, Asked> asked_;
  std::vector<Asked> refused_;  // until they are asked again
  std::multimap<Index, Waiting> waiting_;
  uint64_t expired_ms_ = 0;  // when Expire looked last
  uint64_t slow_count_ = 0;
  uint64_t failed_count_ = 0;
};

}  // namespace keel::node
