// A history in parts that can be judged one by one: linearizability is local to each object, so
// keys that no operation joins are histories of their own (P-compositionality).
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jepsen/history/op.h"

namespace keel::jepsen {

struct Part {
  std::optional<Value> key;
  std::vector<Operation> operations;
};

// By key, where operations have one: in :key, or as the first of a pair [key value], as
// jepsen.independent writes them. Pairs are keys only when every operation has one, and a
// compare-and-set's are [key [old new]]. The parts' values come without their keys.
Result<std::vector<Part>> SplitByKey(std::span<const Operation> operations);

// The same operations in one history again, in the order of their calls, with their keys in `key`.
Result<std::vector<Operation>> TakeKeys(std::span<const Operation> operations);

// By the keys that transactions join: two transactions are in one part when a chain of common keys
// leads from one to the other.
Result<std::vector<Part>> SplitTxns(std::span<const Operation> operations);

}  // namespace keel::jepsen
