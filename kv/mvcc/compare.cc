#include "kv/mvcc/compare.h"

namespace keel::kv {

namespace {

template <class T>
bool Satisfies(const T& have, const T& want, CompareResult result) {
  switch (result) {
    case CompareResult::kEqual:
      return have == want;
    case CompareResult::kGreater:
      return have > want;
    case CompareResult::kLess:
      return have < want;
    case CompareResult::kNotEqual:
      return have != want;
  }
  return false;
}

}  // namespace

bool Holds(const Compare& compare, const KeyValue& kv) {
  switch (compare.target) {
    case CompareTarget::kVersion:
      return Satisfies(kv.version, compare.number, compare.result);
    case CompareTarget::kCreate:
      return Satisfies(kv.create.value(), compare.number, compare.result);
    case CompareTarget::kMod:
      return Satisfies(kv.mod.value(), compare.number, compare.result);
    case CompareTarget::kValue:
      return Satisfies(kv.value, compare.value, compare.result);
    case CompareTarget::kLease:
      return Satisfies(kv.lease.value(), compare.number, compare.result);
  }
  return false;
}

bool HoldsForNoKey(const Compare& compare) {
  return compare.target != CompareTarget::kValue && Holds(compare, KeyValue());
}

}  // namespace keel::kv
