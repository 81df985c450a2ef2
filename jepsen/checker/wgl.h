// The search for an order: Wing and Gong's, with Lowe's memory of what was tried.
//
// Takes calls one by one into an order, each within its real time, and goes back where no answer
// fits. What it has tried (which calls are in the order, in which state) it keeps as fingerprints
// of 128 bits in a table of bounded size. It cuts what cannot matter:
//   - a read is taken as soon as it fits, and never reconsidered;
//   - of calls with unknown outcome that are alike, the earliest is taken first;
//   - such a call is taken only if the next one needs it, and what was tried with fewer of them
//     need not be tried with more;
//   - a state from which one of the next reads cannot be reached any more is turned back from.
// Where the search ends without an order, the answer that no order ever got past marks the shortest
// prefix of the history that is already impossible.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "jepsen/checker/model.h"
#include "jepsen/checker/verdict.h"

namespace keel::jepsen {

struct SearchResult {
  Verdict verdict = Verdict::kLinearizable;
  // An order that explains all answers, when there is one; indices of operations.
  std::vector<size_t> order;
  // When there is none: the operation whose answer nothing got past, and states in which it could
  // not be taken.
  size_t blocked = 0;
  std::vector<std::string> states;
  size_t tried_count = 0;
  std::string reason;  // of kUnknown
};

// `operations` are those that the model was made for, in the order of their calls, none failed.
[[nodiscard]] SearchResult SearchOrder(std::span<const Operation> operations, Model* model,
                                       const Limits& limits);

// The same without looking ahead: slower, but `states` are those in which `blocked` itself failed.
[[nodiscard]] SearchResult SearchOrderPlainly(std::span<const Operation> operations, Model* model,
                                              const Limits& limits);

}  // namespace keel::jepsen
