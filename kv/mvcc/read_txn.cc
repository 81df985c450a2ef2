#include "kv/mvcc/read_txn.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "kv/mvcc/compare.h"
#include "kv/mvcc/version_walk.h"

namespace keel::kv {

namespace {

// One transaction on one view. As nothing changes in between, each compare may be looked at when
// its turn comes, and the first refusal met is the one that comes before all operations.
class Reader {
 public:
  Reader(const ReadView& view, uint64_t bytes_max)
      : view_(view), is_bounded_(bytes_max != 0), bytes_left_(bytes_max) {}

  [[nodiscard]] Result<TxnResult> Run(const TxnOp& txn) {
    TxnResult result{.succeeded = true, .results = {}};
    for (const Compare& compare : txn.compares) {
      KEEL_ASSIGN_OR_RETURN(result.succeeded, HoldsNow(compare));
      if (!result.succeeded) break;
    }
    for (const RequestOp& op : result.succeeded ? txn.success : txn.failure) {
      KEEL_ASSIGN_OR_RETURN(OpResult one, RunOp(op));
      if (error_ != KvError::kNone) break;
      result.results.push_back(std::move(one));
    }
    return result;
  }
  [[nodiscard]] KvError error() const { return error_; }

 private:
  [[nodiscard]] Result<bool> HoldsNow(const Compare& compare) const {
    if (compare.keys.IsSingle()) {
      KEEL_ASSIGN_OR_RETURN(const auto kv, view_.Get(compare.keys.begin, view_.revision()));
      return kv.has_value() ? Holds(compare, *kv) : HoldsForNoKey(compare);
    }
    const auto iterator = view_.Iterate(true);
    VersionWalk walk(iterator.get(), view_.layout(), compare.keys, view_.revision());
    const bool with_value = compare.target == CompareTarget::kValue;
    bool any = false;
    bool all = true;
    while (all && walk.Next()) {
      any = true;
      all = Holds(compare, ToKeyValue(walk.key(), walk.mod(), walk.record(), with_value));
    }
    KEEL_RETURN_IF_ERROR(walk.status());
    return any ? all : HoldsForNoKey(compare);
  }

  [[nodiscard]] Result<OpResult> RunOp(const RequestOp& op) {
    if (const auto* nested = std::get_if<NestedTxn>(&op)) {
      NestedTxnResult result;
      KEEL_ASSIGN_OR_RETURN(TxnResult inner, Run(nested->txn.front()));
      result.txn.push_back(std::move(inner));
      return OpResult(std::move(result));
    }
    const auto* range = std::get_if<RangeRequest>(&op);
    KEEL_CHECK(range != nullptr) << "a transaction that only reads does something else";
    KEEL_ASSIGN_OR_RETURN(RangeResult result, RunRange(*range));
    return OpResult(std::move(result));
  }

  [[nodiscard]] Result<RangeResult> RunRange(RangeRequest request) {
    // One byte at least: none would be no bound.
    if (is_bounded_) request.bytes_max = std::max<uint64_t>(bytes_left_, 1);
    KEEL_ASSIGN_OR_RETURN(RangeResult result, view_.Range(request));
    error_ = result.error;
    uint64_t bytes = 0;
    for (const KeyValue& kv : result.kvs) bytes += kv.key.size() + kv.value.size();
    if (is_bounded_ && bytes > bytes_left_) error_ = KvError::kAnswerTooLarge;
    bytes_left_ -= std::min(bytes, bytes_left_);
    return result;
  }

  const ReadView& view_;
  const bool is_bounded_;
  uint64_t bytes_left_;
  KvError error_ = KvError::kNone;
};

}  // namespace

Result<Refusable<TxnResult>> ReadTxn(const ReadView& view, const TxnOp& txn, uint64_t bytes_max) {
  Reader reader(view, bytes_max);
  KEEL_ASSIGN_OR_RETURN(TxnResult result, reader.Run(txn));
  if (reader.error() != KvError::kNone) return Refusable<TxnResult>{.error = reader.error()};
  return Refusable<TxnResult>{.value = std::move(result)};
}

}  // namespace keel::kv
