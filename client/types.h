// What the operations speak of: keys, ranges of keys, revisions and who answered.
//
// Plain values, free of Protobuf; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/ids.h"
#include "base/result.h"

namespace keel::client {

using LeaseId = Name<struct LeaseIdTag>;

// Who answered, and the store's revision then. A write's is the revision that the write made.
struct Header {
  uint64_t cluster_id = 0;
  NodeId member;
  Revision revision;
  Term term;
};

struct KeyValue {
  std::string key;
  std::string value;
  // When the key last came into being, and when it last changed.
  Revision create_revision;
  Revision mod_revision;
  // How many times it was put since it came into being.
  uint64_t version = 0;
  // The lease that the key ends with; none: it stays.
  LeaseId lease;

  friend bool operator==(const KeyValue&, const KeyValue&) = default;
};

// One key, or all from `begin` up to and without `end`, in the order of their bytes.
struct KeyRange {
  std::string begin;
  // Empty: the key `begin` alone. A single zero byte: no upper end.
  std::string end;

  [[nodiscard]] static KeyRange One(std::string key) { return {.begin = std::move(key)}; }
  [[nodiscard]] static KeyRange Prefix(std::string_view prefix);
  // All keys from this one on.
  [[nodiscard]] static KeyRange From(std::string_view key);
  [[nodiscard]] static KeyRange All();

  [[nodiscard]] bool IsOne() const { return end.empty(); }
  friend bool operator==(const KeyRange&, const KeyRange&) = default;
};

// A write that may have taken effect, of which no more can be told: its words begin with "outcome
// unknown". Every other failure of a write means that it did not take effect, but for CANCELLED,
// which the caller has asked for.
[[nodiscard]] bool IsOutcomeUnknown(const Status& status);

}  // namespace keel::client
