// The requests and answers of client/kv.h.
//
// Plain values with etcd's meanings; a field left out keeps its default.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/types.h"

namespace keel::client {

struct GetRequest {
  enum class Order : uint8_t { kNone, kAscend, kDescend };
  enum class Target : uint8_t { kKey, kVersion, kCreate, kMod, kValue };

  KeyRange range;
  uint64_t limit = 0;  // 0: all
  Revision revision;   // none: now
  Order order = Order::kNone;
  Target order_by = Target::kKey;
  bool keys_only = false;
  bool count_only = false;
  // Bounds on the revisions of what is returned, both ends included; none: no bound.
  Revision mod_revision_min;
  Revision mod_revision_max;
  Revision create_revision_min;
  Revision create_revision_max;
};
struct GetResult {
  Header header;
  std::vector<KeyValue> kvs;
  bool more = false;   // the limit cut something off
  uint64_t count = 0;  // keys in the range, whatever the limit and the bounds
};

struct PutRequest {
  std::string key;
  std::string value;
  LeaseId lease;
  bool previous = false;      // answer with what was there before
  bool ignore_value = false;  // keep the value; the key must exist
  bool ignore_lease = false;  // keep the lease; the key must exist
};
struct PutResult {
  Header header;
  std::optional<KeyValue> previous;
};

struct DeleteRequest {
  KeyRange range;
  bool previous = false;
};
struct DeleteResult {
  Header header;
  uint64_t deleted = 0;
  std::vector<KeyValue> previous;
};

struct CompactRequest {
  Revision revision;
  bool physical = false;  // answer only when the room has been given back
};
struct CompactResult {
  Header header;
};

// Puts `value` (or deletes the key) if the key is as expected.
struct SwapRequest {
  std::string key;
  // None: the key must not exist.
  Revision expected;
  // Nothing: deletes.
  std::optional<std::string> value;
  LeaseId lease;
};
struct SwapResult {
  Header header;
  bool swapped = false;
  // Not swapped: what the key is; nothing if it does not exist.
  std::optional<KeyValue> current;
};

}  // namespace keel::client
