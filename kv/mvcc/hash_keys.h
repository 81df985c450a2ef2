// A hash of all that readers can see between the compacted revision and another one: members whose
// hashes differ at equal revisions have come apart.
//
// It does not depend on how far a member's own compaction has come. Reads the whole key space on
// the caller's thread, which is one of the pool's.
#pragma once

#include "base/result.h"
#include "kv/mvcc/read_view.h"

namespace keel::kv {

struct KeysHash {
  KvError error = KvError::kNone;
  uint64_t hash = 0;
  Revision at;
  Revision compacted;

  friend bool operator==(const KeysHash&, const KeysHash&) = default;
};

// No revision means the view's own.
[[nodiscard]] Result<KeysHash> HashKeys(const ReadView& view, Revision at);

}  // namespace keel::kv
