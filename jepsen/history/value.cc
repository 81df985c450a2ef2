#include "jepsen/history/value.h"

#include <algorithm>

namespace keel::jepsen {
namespace {

void AppendQuoted(std::string_view text, std::string* out) {
  out->push_back('"');
  for (const char byte : text) {
    switch (byte) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\t':
        out->append("\\t");
        break;
      case '\r':
        out->append("\\r");
        break;
      default:
        out->push_back(byte);
    }
  }
  out->push_back('"');
}

void AppendCharacter(const std::string& text, std::string* out) {
  struct Named {
    std::string_view bytes;
    std::string_view name;
  };
  static constexpr Named kNames[] = {
      {"\n", "newline"}, {"\r", "return"}, {" ", "space"}, {"\t", "tab"}};
  out->push_back('\\');
  for (const Named& named : kNames) {
    if (named.bytes == text) {
      out->append(named.name);
      return;
    }
  }
  out->append(text);
}

void Append(const Value& value, bool canonical, std::string* out);

void AppendItems(const Value& value, bool canonical, char open, char close, std::string* out) {
  out->push_back(open);
  for (size_t i = 0; i < value.items.size(); i++) {
    if (i > 0) out->push_back(' ');
    Append(value.items[i], canonical, out);
  }
  out->push_back(close);
}

// Sets and maps have no order: their entries are written in that of their text.
void AppendSorted(const Value& value, size_t entry_items, std::string* out) {
  std::vector<std::string> entries;
  for (size_t i = 0; i + entry_items <= value.items.size(); i += entry_items) {
    std::string& entry = entries.emplace_back();
    for (size_t j = 0; j < entry_items; j++) {
      if (j > 0) entry.push_back(' ');
      Append(value.items[i + j], true, &entry);
    }
  }
  std::sort(entries.begin(), entries.end());
  for (size_t i = 0; i < entries.size(); i++) {
    if (i > 0) out->push_back(' ');
    out->append(entries[i]);
  }
}

void AppendSet(const Value& value, bool canonical, std::string* out) {
  out->push_back('#');
  if (!canonical) return AppendItems(value, canonical, '{', '}', out);
  out->push_back('{');
  AppendSorted(value, 1, out);
  out->push_back('}');
}

void AppendMap(const Value& value, bool canonical, std::string* out) {
  out->push_back('{');
  if (canonical) {
    AppendSorted(value, 2, out);
  } else {
    for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
      if (i > 0) out->append(", ");
      Append(value.items[i], false, out);
      out->push_back(' ');
      Append(value.items[i + 1], false, out);
    }
  }
  out->push_back('}');
}

void Append(const Value& value, bool canonical, std::string* out) {
  switch (value.kind) {
    case ValueKind::kNil:
      out->append("nil");
      break;
    case ValueKind::kBool:
      out->append(value.integer != 0 ? "true" : "false");
      break;
    case ValueKind::kInteger:
      out->append(std::to_string(value.integer));
      break;
    case ValueKind::kNumber:
    case ValueKind::kSymbol:
      out->append(value.text);
      break;
    case ValueKind::kCharacter:
      AppendCharacter(value.text, out);
      break;
    case ValueKind::kString:
      AppendQuoted(value.text, out);
      break;
    case ValueKind::kKeyword:
      out->push_back(':');
      out->append(value.text);
      break;
    case ValueKind::kVector:
      AppendItems(value, canonical, '[', ']', out);
      break;
    case ValueKind::kList:
      canonical ? AppendItems(value, canonical, '[', ']', out)
                : AppendItems(value, canonical, '(', ')', out);
      break;
    case ValueKind::kSet:
      AppendSet(value, canonical, out);
      break;
    case ValueKind::kMap:
      AppendMap(value, canonical, out);
      break;
    case ValueKind::kTagged:
      out->push_back('#');
      out->append(value.text);
      out->push_back(' ');
      Append(value.items.front(), canonical, out);
      break;
  }
}

Value Make(ValueKind kind, std::string text) {
  Value value;
  value.kind = kind;
  value.text = std::move(text);
  return value;
}

Value Make(ValueKind kind, std::vector<Value> items) {
  Value value;
  value.kind = kind;
  value.items = std::move(items);
  return value;
}

}  // namespace

Value Value::Bool(bool value) {
  Value made = Integer(value ? 1 : 0);
  made.kind = ValueKind::kBool;
  return made;
}

Value Value::Integer(int64_t value) {
  Value made;
  made.kind = ValueKind::kInteger;
  made.integer = value;
  return made;
}

Value Value::String(std::string text) { return Make(ValueKind::kString, std::move(text)); }
Value Value::Keyword(std::string name) { return Make(ValueKind::kKeyword, std::move(name)); }
Value Value::Vector(std::vector<Value> items) { return Make(ValueKind::kVector, std::move(items)); }
Value Value::Set(std::vector<Value> items) { return Make(ValueKind::kSet, std::move(items)); }

Value Value::Map(std::vector<std::pair<Value, Value>> entries) {
  std::vector<Value> items;
  for (auto& [key, value] : entries) {
    items.push_back(std::move(key));
    items.push_back(std::move(value));
  }
  return Make(ValueKind::kMap, std::move(items));
}

const Value* Value::Find(std::string_view keyword) const {
  if (!IsMap()) return nullptr;
  for (size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i].IsKeyword(keyword)) return &items[i + 1];
  }
  return nullptr;
}

std::string Value::ToString() const {
  std::string written;
  Append(*this, false, &written);
  return written;
}

std::string Value::Canonical() const {
  std::string written;
  Append(*this, true, &written);
  return written;
}

}  // namespace keel::jepsen
