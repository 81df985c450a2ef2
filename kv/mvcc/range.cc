#include "kv/mvcc/range.h"

#include <algorithm>

namespace keel::kv {

namespace {

bool HasBounds(const RangeRequest& request) {
  return !request.min_mod.IsNone() || !request.max_mod.IsNone() || !request.min_create.IsNone() ||
         !request.max_create.IsNone();
}

bool NeedsWhole(const RangeRequest& request) {
  return request.sort_order != SortOrder::kNone || HasBounds(request);
}

bool Less(const KeyValue& a, const KeyValue& b, SortTarget target) {
  switch (target) {
    case SortTarget::kKey:
      return a.key < b.key;
    case SortTarget::kVersion:
      return a.version < b.version;
    case SortTarget::kCreate:
      return a.create < b.create;
    case SortTarget::kMod:
      return a.mod < b.mod;
    case SortTarget::kValue:
      return a.value < b.value;
  }
  return false;
}

}  // namespace

KvError CheckRange(const RangeRequest& request) {
  if (request.keys.begin.empty()) return KvError::kEmptyKey;
  if (request.sort_order > SortOrder::kDescend || request.sort_target > SortTarget::kValue) {
    return KvError::kInvalidSortOption;
  }
  return KvError::kNone;
}

RangeAssembler::RangeAssembler(const RangeRequest& request)
    : request_(request),
      whole_(NeedsWhole(request)),
      needs_value_(!request.count_only &&
                   (!request.keys_only || request.sort_target == SortTarget::kValue)) {
  // One more than asked for tells whether there are more.
  if (!whole_ && request.limit > 0) fetch_max_ = request.limit + 1;
  full_ = request.count_only;
}

bool RangeAssembler::Wants() {
  ++result_.count;
  if (full_) return false;
  ++fetched_;
  // The maximal limit wraps round to "none", as it must.
  if (fetch_max_ != 0 && fetched_ >= fetch_max_) full_ = true;
  return true;
}

bool RangeAssembler::IsHidden(const KeyValue& kv) const {
  return (!request_.min_mod.IsNone() && kv.mod < request_.min_mod) ||
         (!request_.max_mod.IsNone() && kv.mod > request_.max_mod) ||
         (!request_.min_create.IsNone() && kv.create < request_.min_create) ||
         (!request_.max_create.IsNone() && kv.create > request_.max_create);
}

void RangeAssembler::Add(KeyValue kv) {
  if (IsHidden(kv)) return;
  // The one that only tells whether there are more will not be in the answer.
  const bool is_told = whole_ || request_.limit == 0 || result_.kvs.size() < request_.limit;
  if (is_told) fetched_bytes_ += kv.key.size() + kv.value.size();
  if (request_.bytes_max != 0 && fetched_bytes_ > request_.bytes_max) {
    result_.error = KvError::kAnswerTooLarge;
    full_ = true;
    return;
  }
  result_.kvs.push_back(std::move(kv));
}

void RangeAssembler::SortKvs() {
  SortOrder order = request_.sort_order;
  // Without an order, keys come as they are; any other target sorts, though only after the limit.
  if (order == SortOrder::kNone && request_.sort_target != SortTarget::kKey) {
    order = SortOrder::kAscend;
  }
  if (order == SortOrder::kNone) return;
  const SortTarget target = request_.sort_target;
  if (order == SortOrder::kAscend) {
    std::stable_sort(result_.kvs.begin(), result_.kvs.end(),
                     [target](const auto& a, const auto& b) { return Less(a, b, target); });
  } else {
    std::stable_sort(result_.kvs.begin(), result_.kvs.end(),
                     [target](const auto& a, const auto& b) { return Less(b, a, target); });
  }
}

RangeResult RangeAssembler::Finish() {
  if (result_.error != KvError::kNone) return RangeResult{.error = result_.error};
  SortKvs();
  if (request_.limit > 0 && result_.kvs.size() > request_.limit) {
    result_.kvs.resize(request_.limit);
    result_.more = true;
  }
  if (request_.keys_only) {
    for (KeyValue& kv : result_.kvs) kv.value.clear();
  }
  return std::move(result_);
}

}  // namespace keel::kv
