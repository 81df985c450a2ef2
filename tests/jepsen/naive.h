// A judge that is too simple to be wrong: it carries out every order that real time allows, on an
// object made of plain maps. For histories of a handful of operations.
//
// Shares nothing with the checkers but the operations.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "base/prng.h"
#include "jepsen/history/op.h"

namespace keel::jepsen {

class NaiveObject {
 public:
  explicit NaiveObject(std::string model) : model_(std::move(model)) {}

  // Carries it out and gives the answer; nothing, and no effect, when it cannot be done now.
  std::optional<Value> Do(const std::string& f, const Value& key, const Value& input);

 private:
  std::optional<Value> DoTxn(const Value& parts);

  std::string model_;
  std::map<std::string, Value> cells_;
};

[[nodiscard]] bool NaivelyLinearizable(const std::string& model,
                                       std::span<const Operation> operations);

}  // namespace keel::jepsen
