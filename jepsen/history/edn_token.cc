// The tokens of EdnReader: numbers, names, characters and escapes.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <numeric>
#include <regex>

#include "jepsen/history/edn_reader.h"

namespace keel::jepsen {
namespace {

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (code >> 6)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xE0 | (code >> 12)));
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

// The code that four hexadecimal digits name, or -1.
int32_t ParseHex(std::string_view digits) {
  uint32_t code = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  if (digits.size() != 4 || error != std::errc() || end != digits.data() + 4) return -1;
  return static_cast<int32_t>(code);
}

bool IsDigit(char byte) { return byte >= '0' && byte <= '9'; }

bool LooksNumeric(std::string_view token) {
  if (IsDigit(token[0])) return true;
  return token.size() > 1 && (token[0] == '-' || token[0] == '+') && IsDigit(token[1]);
}

bool ParseInteger(std::string_view digits, int64_t* out) {
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), *out);
  return error == std::errc() && end == digits.data() + digits.size();
}

bool AreDigits(std::string_view text) {
  for (const char byte : text) {
    if (!IsDigit(byte)) return false;
  }
  return !text.empty();
}

Value Number(std::string text) {
  Value value;
  value.kind = ValueKind::kNumber;
  value.text = std::move(text);
  return value;
}

}  // namespace

Status EdnReader::ReadEscape(std::string* out) {
  const size_t start = at_++;
  const char escape = Peek();
  at_++;
  switch (escape) {
    case 'n':
      out->push_back('\n');
      return {};
    case 't':
      out->push_back('\t');
      return {};
    case 'r':
      out->push_back('\r');
      return {};
    case 'b':
      out->push_back('\b');
      return {};
    case 'f':
      out->push_back('\f');
      return {};
    case '\\':
    case '"':
      out->push_back(escape);
      return {};
    case 'u': {
      const int32_t code = ParseHex(text_.substr(std::min(at_, text_.size()), 4));
      if (code < 0) return ErrorAt(start, "\\u needs four hexadecimal digits");
      AppendUtf8(static_cast<uint32_t>(code), out);
      at_ += 4;
      return {};
    }
    default:
      return ErrorAt(start, "no such escape: \\n \\t \\r \\b \\f \\\\ \\\" and \\uXXXX are known");
  }
}

Result<Value> EdnReader::ReadCharacter() {
  const size_t start = at_++;
  if (AtEnd()) return ErrorAt(start, "a character is missing after the backslash");
  const size_t first = at_++;  // even a bracket is a character here
  while (!AtEnd() && (std::isalnum(static_cast<unsigned char>(Peek())) != 0 ||
                      static_cast<unsigned char>(Peek()) >= 0x80))
    at_++;
  const std::string_view name = text_.substr(first, at_ - first);
  Value value;
  value.kind = ValueKind::kCharacter;
  value.text = name;
  if (name == "newline")
    value.text = "\n";
  else if (name == "return")
    value.text = "\r";
  else if (name == "space")
    value.text = " ";
  else if (name == "tab")
    value.text = "\t";
  else if (name == "formfeed")
    value.text = "\f";
  else if (name == "backspace")
    value.text = "\b";
  else if (name.size() == 5 && name[0] == 'u') {
    const int32_t code = ParseHex(name.substr(1));
    if (code < 0) return ErrorAt(start, "\\u needs four hexadecimal digits");
    value.text.clear();
    AppendUtf8(static_cast<uint32_t>(code), &value.text);
  } else if (name.size() > 1 && static_cast<unsigned char>(name[0]) < 0x80) {
    return ErrorAt(start, "no character is called \\" + std::string(name));
  }
  return value;
}

Result<Value> EdnReader::ReadToken() {
  const size_t start = at_;
  const std::string_view token = TakeToken();
  if (token == "nil") return Value::Nil();
  if (token == "true") return Value::Bool(true);
  if (token == "false") return Value::Bool(false);
  if (token[0] == ':') return ReadKeyword(token, start);
  if (LooksNumeric(token)) return ReadNumber(token, start);
  if (std::string_view("@`~%").find(token[0]) != std::string_view::npos) {
    return ErrorAt(start, std::string("no value begins with '") + token[0] + "'");
  }
  Value symbol;
  symbol.kind = ValueKind::kSymbol;
  symbol.text = token;
  return symbol;
}

Result<Value> EdnReader::ReadKeyword(std::string_view token, size_t start) {
  if (token.size() < 2 || token[1] == ':' || token.back() == ':' || token.back() == '/') {
    return ErrorAt(start, "'" + std::string(token) + "' is not a keyword");
  }
  return Value::Keyword(std::string(token.substr(1)));
}

Result<Value> EdnReader::ReadRatio(std::string_view token, size_t start) {
  const size_t slash = token.find('/');
  int64_t above = 0;
  int64_t below = 0;
  if (!ParseInteger(token.substr(0, slash), &above) || !AreDigits(token.substr(slash + 1)) ||
      !ParseInteger(token.substr(slash + 1), &below) || below == 0) {
    return ErrorAt(start, "'" + std::string(token) + "' is not a ratio");
  }
  const int64_t common = std::gcd(above, below);
  if (below == common) return Value::Integer(above / common);
  return Number(std::to_string(above / common) + "/" + std::to_string(below / common));
}

Result<Value> EdnReader::ReadNumber(std::string_view token, size_t start) {
  if (token.find('/') != std::string_view::npos) return ReadRatio(token, start);
  int64_t plain = 0;
  if (token[0] != '0' && token[0] != '-' && token[0] != '+' && ParseInteger(token, &plain)) {
    return Value::Integer(plain);  // nearly all of them, without the cost of the rules below
  }
  static const std::regex kInteger("[+-]?(0|[1-9][0-9]*)N?");
  static const std::regex kReal("[+-]?(0|[1-9][0-9]*)(\\.[0-9]*)?([eE][+-]?[0-9]+)?M?");
  const std::string text(token);
  if (int64_t integer = 0; std::regex_match(text, kInteger)) {
    const std::string_view digits = token.back() == 'N' ? token.substr(0, token.size() - 1) : token;
    if (ParseInteger(digits, &integer)) return Value::Integer(integer);
    return Number(std::string(digits.starts_with('+') ? digits.substr(1) : digits));
  }
  if (!std::regex_match(text, kReal)) {
    return ErrorAt(start, "'" + text + "' is not a number");
  }
  // One text for all ways to write a double; an exact decimal (M) keeps its own.
  if (token.back() == 'M') return Number(text);
  char shortest[64];
  double real = 0;
  std::from_chars(token.data() + (token[0] == '+' ? 1 : 0), token.data() + token.size(), real);
  const auto written = std::to_chars(shortest, shortest + sizeof(shortest), real);
  std::string canonical(shortest, written.ptr);
  if (canonical.find_first_of(".e") == std::string::npos) canonical += ".0";
  return Number(std::move(canonical));
}

}  // namespace keel::jepsen
