// One EDN value: what operations of a history carry, whatever their system stores.
//
// A plain value type: copies are deep, nothing is shared, any thread may hold its own. Two values
// are equal when EDN says that they are, which is decided by their canonical text: a list equals a
// vector of the same items, a set and a map know no order, 1 and 1.0 differ.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keel::jepsen {

enum class ValueKind : uint8_t {
  kNil,
  kBool,
  kInteger,    // fits in 64 bits
  kNumber,     // any other: real, ratio, big; `text` is how it is written
  kCharacter,  // `text` is its bytes in UTF-8
  kString,     // `text` is its bytes
  kKeyword,    // `text` is its name without the colon
  kSymbol,
  kVector,
  kList,
  kSet,
  kMap,     // `items` are keys and values in turn
  kTagged,  // `text` is the tag, the only item its value
};

struct Value {
  ValueKind kind = ValueKind::kNil;
  int64_t integer = 0;  // of kInteger and of kBool
  std::string text;
  std::vector<Value> items;

  [[nodiscard]] static Value Nil() { return {}; }
  [[nodiscard]] static Value Bool(bool value);
  [[nodiscard]] static Value Integer(int64_t value);
  [[nodiscard]] static Value String(std::string text);
  [[nodiscard]] static Value Keyword(std::string name);
  [[nodiscard]] static Value Vector(std::vector<Value> items);
  [[nodiscard]] static Value Set(std::vector<Value> items);
  [[nodiscard]] static Value Map(std::vector<std::pair<Value, Value>> entries);

  [[nodiscard]] bool IsNil() const { return kind == ValueKind::kNil; }
  [[nodiscard]] bool IsInteger() const { return kind == ValueKind::kInteger; }
  [[nodiscard]] bool IsKeyword(std::string_view name) const {
    return kind == ValueKind::kKeyword && text == name;
  }
  // A vector or a list.
  [[nodiscard]] bool IsSequence() const {
    return kind == ValueKind::kVector || kind == ValueKind::kList;
  }
  [[nodiscard]] bool IsPair() const { return IsSequence() && items.size() == 2; }
  [[nodiscard]] bool IsMap() const { return kind == ValueKind::kMap; }
  [[nodiscard]] bool IsSet() const { return kind == ValueKind::kSet; }

  // The value of a map at a keyword, or null.
  [[nodiscard]] const Value* Find(std::string_view keyword) const;

  // As EDN, in the order in which it was read.
  [[nodiscard]] std::string ToString() const;
  // The same text for all values that are equal, and for no others.
  [[nodiscard]] std::string Canonical() const;

  friend bool operator==(const Value& a, const Value& b) { return a.Canonical() == b.Canonical(); }
};

}  // namespace keel::jepsen
