// Makes the answer to a range out of the keys that a reader meets in key order: limit, bounds,
// order, count and budget, exactly as etcd's executeRange does.
//
// A reader calls Wants for each live key; where that is true it calls Add with the key's version.
// Pure bookkeeping; one thread.
#pragma once

#include <cstdint>

#include "kv/mvcc/types.h"

namespace keel::kv {

// What is wrong with the request itself, whatever the store holds.
[[nodiscard]] KvError CheckRange(const RangeRequest& request);

class RangeAssembler {
 public:
  explicit RangeAssembler(const RangeRequest& request);

  // Counts a key. False once no more keys can be in the answer: then only their number matters.
  [[nodiscard]] bool Wants();
  // Whether Add needs the value.
  [[nodiscard]] bool needs_value() const { return needs_value_; }
  void Add(KeyValue kv);
  [[nodiscard]] RangeResult Finish();

 private:
  [[nodiscard]] bool IsHidden(const KeyValue& kv) const;
  void SortKvs();

  const RangeRequest& request_;
  const bool whole_;  // every key must be seen before the limit can be applied
  const bool needs_value_;
  uint64_t fetch_max_ = 0;  // 0: no limit
  uint64_t fetched_ = 0;
  uint64_t fetched_bytes_ = 0;
  bool full_ = false;
  RangeResult result_;
};

}  // namespace keel::kv
