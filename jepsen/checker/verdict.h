// What a checker says of a history, and what it shows to prove it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jepsen/history/op.h"

namespace keel::jepsen {

// The numbers are keel-check's exit codes.
enum class Verdict : uint8_t { kLinearizable = 0, kNotLinearizable = 1, kUnknown = 2 };
[[nodiscard]] std::string_view ToString(Verdict verdict);

struct Judgement {
  Verdict verdict = Verdict::kLinearizable;
  // Of a history that is not linearizable: the anomaly's name, when it has one ("G1c").
  std::string anomaly;
  // Why, in words, for a person; empty when linearizable.
  std::string reason;
  // The part of the history that the operations belong to, when it was judged by parts.
  std::optional<Value> key;
  // The operations that cannot be reconciled, in the order of their calls.
  std::vector<Operation> counterexample;
};

// Bounds on what a judgement may cost; past either the verdict is kUnknown.
struct Limits {
  size_t cache_bytes_max = size_t{512} << 20;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

// a is worse than b when a report of both must say a: not-linearizable, unknown, linearizable.
[[nodiscard]] bool IsWorse(Verdict a, Verdict b);

}  // namespace keel::jepsen
