// Whether a key is as a transaction's compare wants it.
//
// Pure; any thread. Internal to kv.
#pragma once

#include "kv/mvcc/command.h"

namespace keel::kv {

[[nodiscard]] bool Holds(const Compare& compare, const KeyValue& kv);
// Where no key of the compare's range is there: it has no value, and its numbers are zeros.
[[nodiscard]] bool HoldsForNoKey(const Compare& compare);

}  // namespace keel::kv
