#include "jepsen/history/edn_reader.h"

#include <algorithm>
#include <cctype>
#include <unordered_set>
#include <utility>

namespace keel::jepsen {
namespace {

// Deeper than any history; shallow enough for the stack.
constexpr int kDepthMax = 256;

bool IsBlank(char byte) {
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == ',' ||
         byte == '\f' || byte == '\v';
}

bool EndsToken(char byte) {
  return IsBlank(byte) || std::string_view("()[]{}\";").find(byte) != std::string_view::npos;
}

}  // namespace

EdnReader::EdnReader(std::string_view text) : text_(text) {
  line_starts_.push_back(0);
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '\n') line_starts_.push_back(i + 1);
  }
  if (text.starts_with("\xEF\xBB\xBF")) at_ = 3;  // a byte order mark
}

Position EdnReader::PositionOf(size_t offset) const {
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const auto line = static_cast<size_t>(after - line_starts_.begin());
  return {.line = line, .column = offset - line_starts_[line - 1] + 1};
}

Status EdnReader::ErrorAt(size_t offset, std::string_view what) const {
  const Position position = PositionOf(offset);
  return InvalidArgument("line " + std::to_string(position.line) + ", column " +
                         std::to_string(position.column) + ": " + std::string(what));
}

Status EdnReader::SkipBlank() {
  while (!AtEnd()) {
    if (IsBlank(Peek())) {
      at_++;
    } else if (Peek() == ';') {
      while (!AtEnd() && Peek() != '\n') at_++;
    } else if (text_.substr(at_, 2) == "#_") {
      at_ += 2;
      if (auto discarded = Read(); !discarded.ok()) return discarded.status();
    } else {
      break;
    }
  }
  return {};
}

Result<Value> EdnReader::Read() {
  KEEL_RETURN_IF_ERROR(SkipBlank());
  if (AtEnd()) return ErrorAt(at_, "the text ends where a value should be");
  if (depth_ >= kDepthMax) return ErrorAt(at_, "nested deeper than 256 levels");
  depth_++;
  Result<Value> value = ReadForm();
  depth_--;
  return value;
}

Result<Value> EdnReader::ReadForm() {
  switch (Peek()) {
    case '[':
      return ReadSequence(ValueKind::kVector, ']');
    case '(':
      return ReadSequence(ValueKind::kList, ')');
    case '{':
      return ReadMap({});
    case '"':
      return ReadString();
    case '\\':
      return ReadCharacter();
    case '#':
      return ReadDispatch();
    case '^': {
      at_++;
      if (auto metadata = Read(); !metadata.ok()) return metadata.status();
      return Read();
    }
    case ']':
    case ')':
    case '}':
      return ErrorAt(at_, std::string("a '") + Peek() + "' that closes nothing");
    default:
      return ReadToken();
  }
}

Result<Value> EdnReader::ReadSequence(ValueKind kind, char close) {
  const size_t start = at_++;
  Value value;
  value.kind = kind;
  for (;;) {
    KEEL_RETURN_IF_ERROR(SkipBlank());
    if (AtEnd())
      return ErrorAt(start, std::string("opened here and never closed by '") + close + "'");
    if (Peek() == close) break;
    auto item = Read();
    if (!item.ok()) return item.status();
    value.items.push_back(*std::move(item));
  }
  at_++;
  return value;
}

Status EdnReader::RefuseDuplicates(const Value& value, size_t stride, size_t start) const {
  std::unordered_set<std::string> seen;
  for (size_t i = 0; i < value.items.size(); i += stride) {
    if (!seen.insert(value.items[i].Canonical()).second) {
      return ErrorAt(start, value.items[i].ToString() + " comes twice in this " +
                                (stride == 1 ? "set" : "map"));
    }
  }
  return {};
}

Result<Value> EdnReader::ReadSet() {
  const size_t start = at_ - 1;
  auto set = ReadSequence(ValueKind::kSet, '}');
  if (!set.ok()) return set;
  KEEL_RETURN_IF_ERROR(RefuseDuplicates(*set, 1, start));
  return set;
}

Result<Value> EdnReader::ReadMap(std::string_view key_namespace) {
  const size_t start = at_;
  auto map = ReadSequence(ValueKind::kMap, '}');
  if (!map.ok()) return map;
  if (map->items.size() % 2 != 0) return ErrorAt(start, "a map needs a value for every key");
  for (size_t i = 0; i < map->items.size() && !key_namespace.empty(); i += 2) {
    Value& key = map->items[i];
    if (key.kind == ValueKind::kKeyword && key.text.find('/') == std::string::npos) {
      key.text = std::string(key_namespace) + "/" + key.text;
    }
  }
  KEEL_RETURN_IF_ERROR(RefuseDuplicates(*map, 2, start));
  return map;
}

Result<Value> EdnReader::ReadString() {
  const size_t start = at_++;
  std::string text;
  while (!AtEnd() && Peek() != '"') {
    if (Peek() == '\\') {
      KEEL_RETURN_IF_ERROR(ReadEscape(&text));
    } else {
      text.push_back(Peek());
      at_++;
    }
  }
  if (AtEnd()) return ErrorAt(start, "a string that starts here never ends");
  at_++;
  return Value::String(std::move(text));
}

Result<Value> EdnReader::ReadDispatch() {
  const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  if (next == '{') {
    at_++;
    return ReadSet();
  }
  if (next == ':') return ReadNamespacedMap();
  if (next == '#') {
    Value value;
    value.kind = ValueKind::kNumber;
    const size_t start = at_;
    value.text = TakeToken();
    if (value.text == "##Inf" || value.text == "##-Inf" || value.text == "##NaN") return value;
    return ErrorAt(start, "after ## comes Inf, -Inf or NaN");
  }
  return ReadTagged();
}

Result<Value> EdnReader::ReadNamespacedMap() {
  const size_t start = at_;
  const std::string_view name = TakeToken().substr(2);
  KEEL_RETURN_IF_ERROR(SkipBlank());
  if (name.empty() || Peek() != '{') return ErrorAt(start, "#:name is followed by a map");
  return ReadMap(name);
}

Result<Value> EdnReader::ReadTagged() {
  const size_t start = at_;
  at_++;
  Value tagged;
  tagged.kind = ValueKind::kTagged;
  tagged.text = TakeToken();
  if (tagged.text.empty() || std::isalpha(static_cast<unsigned char>(tagged.text[0])) == 0) {
    return ErrorAt(start, "after # comes {, _, : or a tag that begins with a letter");
  }
  auto value = Read();
  if (!value.ok()) return value;
  // A record is the map, and a tuple the vector, that it prints.
  if (value->IsMap() || value->IsSequence()) return value;
  tagged.items.push_back(*std::move(value));
  return tagged;
}

std::string_view EdnReader::TakeToken() {
  const size_t start = at_;
  while (!AtEnd() && !EndsToken(Peek())) at_++;
  return text_.substr(start, at_ - start);
}

Result<Value> ParseEdn(std::string_view text) {
  EdnReader reader(text);
  auto value = reader.Read();
  if (!value.ok()) return value;
  KEEL_RETURN_IF_ERROR(reader.SkipBlank());
  if (!reader.AtEnd()) return reader.ErrorAt(reader.offset(), "more after the value");
  return value;
}

}  // namespace keel::jepsen
