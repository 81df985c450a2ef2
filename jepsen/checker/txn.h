// Transactions as histories write them: micro-operations on keys, done all at once.
//
//   :f :txn, :value [[:r :x nil] [:w :y 2] [:append 3 7]]
//   :f :read, :value {:x 1, :y nil}      :f :write, :value {:x 2}
//   :f :read, :value [:x 1]              :f :append, :value [:x 7]
#pragma once

#include <vector>

#include "base/result.h"
#include "jepsen/history/op.h"

namespace keel::jepsen {

struct MicroOp {
  enum class Kind : uint8_t { kRead, kWrite, kAppend };
  Kind kind = Kind::kRead;
  Value key;
  Value value;
  // A read whose value is nobody's knowledge: its transaction is unanswered.
  bool is_known = true;
};

// What an operation did, as far as is known: of an answered one its answer counts, of the others
// what was asked. `nil_is_known` is whether a read of nil found nothing, or says nothing.
Result<std::vector<MicroOp>> ParseTxn(const Operation& operation, bool nil_is_known);

}  // namespace keel::jepsen
