#include "kv/mvcc/txn_shape.h"

#include <algorithm>
#include <vector>

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

bool AnyPuts(const std::vector<RequestOp>& ops) {
  return std::any_of(ops.begin(), ops.end(), [](const RequestOp& op) {
    if (const auto* nested = std::get_if<NestedTxn>(&op)) return Puts(nested->txn.front());
    return std::holds_alternative<PutOp>(op);
  });
}

}  // namespace

TxnReads ReadsOf(const TxnOp& txn) {
  TxnReads reads;
  Count(txn, &reads);
  return reads;
}

bool Puts(const TxnOp& txn) { return AnyPuts(txn.success) || AnyPuts(txn.failure); }

}  // namespace keel::kv
