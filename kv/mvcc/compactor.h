// Takes away what no reader can ask for any more, a bounded piece at a time, while the store goes
// on.
//
// The log decides what is compacted, at once and on every member alike (Store); this frees the room
// for it on this member's disk, when the pool has time. It walks the revision index, where each
// record names the version that it ended, so it seeks nothing and needs no memory. Each step is one
// batch that also holds how far it came: a crash repeats no more than a step. The current revision
// is a number of its own and does not depend on what is removed (etcd 17780).
//
// What stays, at the compacted revision and above: for each key the version that a reader there
// sees, and every revision's events. One thread at a time; the engine may be written meanwhile.
#pragma once

#include "base/result.h"
#include "kv/engine/engine.h"
#include "kv/mvcc/layout.h"

namespace keel::kv {

class Compactor {
 public:
  // The pace for a store in use: some 25,000 records a second, each step too small for a write that
  // waits behind it to notice.
  static constexpr size_t kStepRecords = 50;
  static constexpr uint64_t kPauseUs = 2'000;

  Compactor(Engine* engine, uint32_t group) : engine_(engine), layout_(group) {}

  // Walks at most `records_max` records of the index towards `target`, the compacted revision of a
  // view. True when nothing is left to do.
  [[nodiscard]] Result<bool> Step(Revision target, size_t records_max);

 private:
  [[nodiscard]] Result<Revision> ReadCursor() const;

  Engine* const engine_;
  const Layout layout_;
};

}  // namespace keel::kv
