// The words of the key space: keys with their revisions, ranges, reads, changes.
//
// Plain values that mean what etcd's v3 API means by them; server/api translates to and from its
// messages. Nothing here knows how it is stored. Revision 0 means "the current one" where a reader
// gives it, and "none" elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "kv/mvcc/error.h"

namespace keel::kv {

using LeaseId = Name<struct LeaseIdTag>;
using SessionId = Name<struct SessionIdTag>;

struct KeyValue {
  std::string key;
  std::string value;
  Revision create;
  Revision mod;
  uint64_t version = 0;  // puts since the key was created; 1 at its creation
  LeaseId lease;

  friend bool operator==(const KeyValue&, const KeyValue&) = default;
};

// [begin, end) in the order of unsigned bytes. An empty end: the key `begin` alone. An end of one
// zero byte: every key from `begin` on.
struct KeyRange {
  std::string begin;
  std::string end;

  [[nodiscard]] bool IsSingle() const { return end.empty(); }
  [[nodiscard]] bool IsOpen() const { return end == std::string_view("\0", 1); }
  [[nodiscard]] bool Contains(std::string_view key) const {
    if (IsSingle()) return key == begin;
    return key >= begin && (IsOpen() || key < end);
  }

  friend bool operator==(const KeyRange&, const KeyRange&) = default;
};

// All keys that begin with `prefix`; an all-0xff prefix has no successor and takes every key from
// itself on, as an empty one does.
[[nodiscard]] KeyRange PrefixRange(std::string_view prefix);

enum class SortOrder : uint8_t { kNone = 0, kAscend = 1, kDescend = 2 };
enum class SortTarget : uint8_t { kKey = 0, kVersion = 1, kCreate = 2, kMod = 3, kValue = 4 };

struct RangeRequest {
  KeyRange keys;
  Revision revision;
  uint64_t limit = 0;  // 0: none
  SortOrder sort_order = SortOrder::kNone;
  SortTarget sort_target = SortTarget::kKey;
  bool keys_only = false;
  bool count_only = false;
  // Zero: no bound. They hide keys from the answer, not from its count.
  Revision min_mod;
  Revision max_mod;
  Revision min_create;
  Revision max_create;
  // The most that the keys and values of the answer may take, or it is refused; 0: no bound. It is
  // not cut short: etcd's clients would not notice.
  uint64_t bytes_max = 0;

  friend bool operator==(const RangeRequest&, const RangeRequest&) = default;
};

struct RangeResult {
  KvError error = KvError::kNone;
  std::vector<KeyValue> kvs;
  uint64_t count = 0;  // of all keys in the range, whatever limit and bounds say
  bool more = false;   // the limit cut keys off

  friend bool operator==(const RangeResult&, const RangeResult&) = default;
};

enum class EventKind : uint8_t { kPut = 0, kDelete = 1 };

// One key's change at one revision. A revision changes a key at most once.
struct Event {
  EventKind kind = EventKind::kPut;
  KeyValue kv;        // of a delete: the key and the revision alone
  Revision previous;  // where the key was changed before, if it was there until now

  friend bool operator==(const Event&, const Event&) = default;
};

// All that one revision changed, in the order in which it did.
struct RevisionEvents {
  Revision revision;
  std::vector<Event> events;
};

}  // namespace keel::kv
