// A history as it is read from a file, and the operations that its events make.
//
// Two notations are understood, told apart by the text's first byte:
//   EDN        maps {:process 0, :type :invoke, :f :read, :value nil}, in one vector or list or one
//              after another; other keys are ignored, but for :key, :index, :time and the revisions
//   log lines  INFO  jepsen.util - 4	:invoke	:read	nil
//              of a Jepsen log; lines that are no operations are skipped
//
// Events are in the order of the file, unless all have an :index: then in that of the indices.
// What is wrong with a text is told with its line and column. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jepsen/history/op.h"

namespace keel::jepsen {

enum class Notation : uint8_t { kEdn, kLogLines };

struct History {
  Notation notation = Notation::kEdn;
  std::vector<Event> events;
};

Result<History> ParseHistory(std::string_view text);

// What clients did, in the order of the calls. A process that calls while its earlier call is
// unanswered has crashed and come back: the earlier call's outcome is unknown; `warnings` says so.
// An :ok or :fail that answers no call, or answers another one, is an error.
struct PairedHistory {
  Notation notation = Notation::kEdn;
  std::vector<Operation> operations;
  std::vector<std::string> warnings;
  size_t event_count = 0;
};
Result<PairedHistory> PairOperations(const History& history);

}  // namespace keel::jepsen
