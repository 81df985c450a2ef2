// What the store answers to a command, and the bytes in which a session keeps it for a retry.
//
// Values only; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kv/mvcc/error.h"
#include "kv/mvcc/types.h"

namespace keel::kv {

// An answer, or why there is none.
template <class T>
struct Refusable {
  KvError error = KvError::kNone;
  T value;
};

struct PutResult {
  std::optional<KeyValue> previous;
  friend bool operator==(const PutResult&, const PutResult&) = default;
};

struct DeleteRangeResult {
  uint64_t deleted = 0;
  std::vector<KeyValue> previous;
  friend bool operator==(const DeleteRangeResult&, const DeleteRangeResult&) = default;
};

struct TxnResult;
struct NestedTxnResult {
  std::vector<TxnResult> txn;
};
using OpResult = std::variant<RangeResult, PutResult, DeleteRangeResult, NestedTxnResult>;

struct TxnResult {
  bool succeeded = false;
  std::vector<OpResult> results;
};
[[nodiscard]] bool operator==(const TxnResult& a, const TxnResult& b);
[[nodiscard]] inline bool operator==(const NestedTxnResult& a, const NestedTxnResult& b) {
  return a.txn == b.txn;
}

struct LeaseResult {
  LeaseId id;
  uint64_t ttl_s = 0;
  friend bool operator==(const LeaseResult&, const LeaseResult&) = default;
};

// Nothing: the command has no more to say than whether it was carried out.
using Answer = std::variant<std::monostate, PutResult, DeleteRangeResult, TxnResult, LeaseResult>;

struct Outcome {
  KvError error = KvError::kNone;
  Revision revision;  // of the store once the command was carried out
  Answer answer;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

[[nodiscard]] std::string EncodeOutcome(const Outcome& outcome);
[[nodiscard]] std::optional<Outcome> DecodeOutcome(std::string_view bytes);

}  // namespace keel::kv
