#include "kv/mvcc/txn_shape.h"

#include <algorithm>

namespace keel::kv {

namespace {

void Count(const KeyRange& keys, TxnReads* reads) {
  ++reads->count;
  reads->single_keys = reads->single_keys && keys.IsSingle();
}

void Count(const TxnOp& txn, TxnReads* reads) {
  for (const Compare& compare : txn.compares) Count(compare.keys, reads);
  for (const auto* branch : {&txn.success, &txn.failure}) {
    for (const RequestOp& op : *branch) {
      if (const auto* range = std::get_if<RangeRequest>(&op)) Count(range->keys, reads);
      if (const auto* nested = std::get_if<NestedTxn>(&op)) Count(nested->txn.front(), reads);
      const bool changes =
          std::holds_alternative<PutOp>(op) || std::holds_alternative<DeleteRangeOp>(op);
      reads->only = reads->only && !changes;
    }
  }
}

// Whether `matches` holds for an operation of either branch, or for one nested in them.
template <class Matches>
bool AnyOf(const TxnOp& txn, const Matches& matches) {
  const auto within = [&](const RequestOp& op) {
    if (const auto* nested = std::get_if<NestedTxn>(&op)) {
      return AnyOf(nested->txn.front(), matches);
    }
    return matches(op);
  };
  return std::any_of(txn.success.begin(), txn.success.end(), within) ||
         std::any_of(txn.failure.begin(), txn.failure.end(), within);
}

}  // namespace

TxnReads ReadsOf(const TxnOp& txn) {
  TxnReads reads;
  Count(txn, &reads);
  return reads;
}

bool Puts(const TxnOp& txn) {
  return AnyOf(txn, [](const RequestOp& op) { return std::holds_alternative<PutOp>(op); });
}

bool ReadsThePast(const TxnOp& txn) {
  return AnyOf(txn, [](const RequestOp& op) {
    const auto* range = std::get_if<RangeRequest>(&op);
    return range != nullptr && !range->revision.IsNone();
  });
}

}  // namespace keel::kv
