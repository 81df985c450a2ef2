#include "tests/jepsen/naive.h"

#include <algorithm>
#include <vector>

namespace keel::jepsen {
namespace {

// In EDN a read of nil says nothing; but nil for a list is the empty one.
bool Agree(const std::string& model, const Value& seen, const Value& actual) {
  const auto as_list = [](const Value& value) { return value.IsNil() ? Value::Vector({}) : value; };
  if (seen.IsSequence() && actual.IsSequence() && model != "set" && model != "register") {
    if (seen.items.size() != actual.items.size()) return false;
    for (size_t i = 0; i < seen.items.size(); i++) {
      const Value& part = seen.items[i];
      if (!part.IsSequence() || part.items.size() != 3) return seen == actual;
      const Value& found = part.items[2];
      const Value& there = actual.items[i].items[2];
      if (model == "append" ? !(as_list(found) == as_list(there))
                            : !found.IsNil() && !(found == there)) {
        return false;
      }
    }
    return true;
  }
  // An absent string and an empty one look the same.
  if (model == "kv" && actual.IsNil() && seen == Value::String("")) return true;
  return seen.IsNil() || seen == actual;
}

struct Trial {
  const std::string& model;
  std::span<const Operation> operations;
  std::vector<bool> taken;

  bool Finish(const NaiveObject& object) {
    size_t bound = kNever;
    bool is_done = true;
    for (size_t i = 0; i < operations.size(); i++) {
      if (taken[i] || operations[i].outcome == Outcome::kFailed) continue;
      if (operations[i].outcome == Outcome::kOk) is_done = false;
      bound = std::min(bound, operations[i].answered);
    }
    if (is_done) return true;
    for (size_t i = 0; i < operations.size(); i++) {
      const Operation& operation = operations[i];
      if (taken[i] || operation.outcome == Outcome::kFailed || operation.called > bound) continue;
      NaiveObject after = object;
      const auto answer = after.Do(operation.f, operation.key.value_or(Value()), operation.input);
      if (!answer) continue;
      if (operation.outcome == Outcome::kOk && !Agree(model, operation.output, *answer)) continue;
      taken[i] = true;
      if (Finish(after)) return true;
      taken[i] = false;
    }
    return false;
  }
};

}  // namespace

std::optional<Value> NaiveObject::DoTxn(const Value& parts) {
  Value answer = parts;
  for (Value& part : answer.items) {
    Value& cell = cells_[part.items[1].ToString()];
    if (part.items[0].text == "r") {
      part.items[2] = Value(cell);
    } else if (part.items[0].text == "w") {
      cell = part.items[2];
    } else {
      if (cell.IsNil()) cell = Value::Vector({});
      cell.items.push_back(part.items[2]);
    }
  }
  return answer;
}

std::optional<Value> NaiveObject::Do(const std::string& f, const Value& key, const Value& input) {
  if (f == "txn") return DoTxn(input);
  Value& cell = cells_[key.ToString()];
  if (f == "read" || f == "get") {
    if (model_ == "set" && cell.IsNil()) return Value::Set({});
    return cell;
  }
  if (f == "write" || f == "put") {
    cell = input;
  } else if (f == "delete") {
    cell = Value();
  } else if (f == "cas") {
    if (!(cell == input.items[0])) return std::nullopt;
    cell = Value(input.items[1]);
  } else if (f == "acquire" || f == "release") {
    if (cell.IsNil() != (f == "acquire")) return std::nullopt;
    cell = f == "acquire" ? Value::Bool(true) : Value();
  } else if (f == "add" || f == "remove") {
    if (cell.IsNil()) cell = Value::Set({});
    const auto place = std::find(cell.items.begin(), cell.items.end(), input);
    const bool is_there = place != cell.items.end();
    if (f == "add" && !is_there) cell.items.push_back(input);
    if (f == "remove" && is_there) cell.items.erase(place);
  } else if (f == "append") {
    cell = Value::String(cell.text + input.text);
  }
  return input;
}

bool NaivelyLinearizable(const std::string& model, std::span<const Operation> operations) {
  Trial trial{.model = model,
              .operations = operations,
              .taken = std::vector<bool>(operations.size(), false)};
  return trial.Finish(NaiveObject(model));
}

}  // namespace keel::jepsen
