#include "jepsen/checker/txn.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "jepsen/checker/model.h"

namespace keel::jepsen {
namespace {

std::optional<MicroOp::Kind> KindOf(std::string_view name) {
  if (name == "r" || name == "read" || name == "get") return MicroOp::Kind::kRead;
  if (name == "w" || name == "write" || name == "put") return MicroOp::Kind::kWrite;
  if (name == "append") return MicroOp::Kind::kAppend;
  return std::nullopt;
}

bool IsMicroOp(const Value& value) {
  if (!value.IsSequence() || value.items.size() < 2 || value.items.size() > 3) return false;
  const Value& name = value.items[0];
  return (name.kind == ValueKind::kKeyword || name.kind == ValueKind::kSymbol ||
          name.kind == ValueKind::kString) &&
         KindOf(name.text).has_value();
}

bool AreMicroOps(const Value& value) {
  if (!value.IsSequence()) return false;
  for (const Value& item : value.items) {
    if (!IsMicroOp(item)) return false;
  }
  return true;
}

bool ArePairs(const Value& value) {
  if (!value.IsSequence() || value.items.empty()) return false;
  return std::all_of(value.items.begin(), value.items.end(),
                     [](const Value& item) { return item.IsPair(); });
}

// All keys of a map or of pairs, or the one key of a pair, under the operation's own name.
Result<std::vector<MicroOp>> ParseSimple(const Operation& operation, const Value& value) {
  const auto kind = KindOf(operation.f);
  if (!kind) {
    return BadOperation(operation, "functions here are :txn, :read (:r), :write (:w) and :append");
  }
  std::vector<MicroOp> parts;
  if (operation.key) {
    parts.push_back({.kind = *kind, .key = *operation.key, .value = value});
  } else if (value.IsMap()) {
    for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
      parts.push_back({.kind = *kind, .key = value.items[i], .value = value.items[i + 1]});
    }
  } else if (AreMicroOps(value) && !value.items.empty()) {
    return BadOperation(operation, "micro-operations belong to :f :txn");
  } else if (ArePairs(value)) {
    for (const Value& entry : value.items) {
      parts.push_back({.kind = *kind, .key = entry.items[0], .value = entry.items[1]});
    }
  } else if (value.IsPair()) {
    parts.push_back({.kind = *kind, .key = value.items[0], .value = value.items[1]});
  } else {
    return BadOperation(operation, "the value is a map {key value} or a pair [key value], not " +
                                       value.ToString().substr(0, 60));
  }
  return parts;
}

Result<std::vector<MicroOp>> ParseMicroOps(const Operation& operation, const Value& value) {
  if (!AreMicroOps(value)) {
    return BadOperation(operation,
                        "a transaction's value is a vector of micro-operations [:r key value], "
                        "[:w key value] or [:append key value], not " +
                            value.ToString().substr(0, 60));
  }
  std::vector<MicroOp> parts;
  for (const Value& item : value.items) {
    MicroOp part{.kind = *KindOf(item.items[0].text), .key = item.items[1], .value = {}};
    if (item.items.size() == 3) part.value = item.items[2];
    if (part.kind != MicroOp::Kind::kRead && item.items.size() != 3) {
      return BadOperation(operation, "a write needs a key and a value: " + item.ToString());
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace

Result<std::vector<MicroOp>> ParseTxn(const Operation& operation, bool nil_is_known) {
  const bool is_answered = operation.outcome == Outcome::kOk && !operation.output.IsNil();
  const Value& value = is_answered ? operation.output : operation.input;
  auto parts =
      operation.f == "txn" ? ParseMicroOps(operation, value) : ParseSimple(operation, value);
  if (!parts.ok()) return parts;
  for (MicroOp& part : *parts) {
    if (part.kind != MicroOp::Kind::kRead) continue;
    part.is_known = is_answered && (nil_is_known || !part.value.IsNil());
  }
  return parts;
}

}  // namespace keel::jepsen
