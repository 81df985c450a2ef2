#include "tools/keelctl/text/go_text.h"

#include <algorithm>
#include <charconv>

#include "tools/keelctl/text/utf8.h"

namespace keel::ctl {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

void AppendHexDigits(std::string* out, uint32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out->push_back(kHexDigits[(value >> static_cast<uint32_t>(shift)) & 0xFU]);
  }
}

// The letter behind the backslash, for those that have one.
char ShortEscape(uint32_t value) {
  switch (value) {
    case '\a':
      return 'a';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\v':
      return 'v';
    case '"':
    case '\\':
      return static_cast<char>(value);
    default:
      return 0;
  }
}

// What Go's strconv would print as it is: here everything but controls, odd spaces and marks that
// do not show.
bool IsPrintable(uint32_t value) {
  if (value < 0x20 || value == 0x7F) return false;
  if (value >= 0x80 && value <= 0xA0) return false;
  if (value == 0xAD || (value >= 0x2000 && value <= 0x200F)) return false;
  if (value >= 0x2028 && value <= 0x202F) return false;
  if (value >= 0x205F && value <= 0x206F) return false;
  if (value == 0x3000 || value == 0xFEFF) return false;
  return !(value >= 0xE000 && value <= 0xF8FF) && (value & 0xFFFEU) != 0xFFFE && value < 0xF0000;
}

std::optional<uint32_t> TakeDigits(std::string_view* text, size_t count, int base) {
  if (text->size() < count) return std::nullopt;
  uint32_t value = 0;
  const char* end = text->data() + count;
  const auto [last, error] = std::from_chars(text->data(), end, value, base);
  if (error != std::errc() || last != end) return std::nullopt;
  text->remove_prefix(count);
  return value;
}

// Reads what follows a backslash; false if it is no escape that Go knows.
bool TakeEscape(std::string_view* text, std::string* out) {
  if (text->empty()) return false;
  const char letter = text->front();
  constexpr std::string_view kLetters = "abfnrtv\\\"'";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\\"'";
  if (const size_t at = kLetters.find(letter); at != std::string_view::npos) {
    text->remove_prefix(1);
    out->push_back(kMeanings[at]);
    return true;
  }
  if (letter >= '0' && letter <= '7') {
    const auto value = TakeDigits(text, 3, 8);
    if (!value || *value > 0xFF) return false;
    out->push_back(static_cast<char>(*value));
    return true;
  }
  const size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
  if (digits == 0) return false;
  text->remove_prefix(1);
  const auto value = TakeDigits(text, digits, 16);
  if (!value || *value > 0x10FFFF) return false;
  if (digits == 2) {
    out->push_back(static_cast<char>(*value));
  } else {
    AppendUtf8(out, *value);
  }
  return true;
}

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The bytes that a word in quotes takes at the front of `text`, both quotes included; 0 if it does
// not end.
size_t QuotedBytes(std::string_view text) {
  const char quote = text.front();
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) return i + 1;
    if (quote == '"' && text[i] == '\\') ++i;
  }
  return 0;
}

}  // namespace

std::string Quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const CodePoint point = DecodeUtf8(text);
    const auto byte = static_cast<uint8_t>(text.front());
    if (!point.valid) {
      out += "\\x";
      AppendHexDigits(&out, byte, 2);
    } else if (const char letter = ShortEscape(point.value); letter != 0) {
      out += '\\';
      out += letter;
    } else if (IsPrintable(point.value)) {
      out.append(text.substr(0, point.bytes));
    } else if (point.value < 0x20 || point.value == 0x7F) {
      out += "\\x";
      AppendHexDigits(&out, point.value, 2);
    } else if (point.value < 0x10000) {
      out += "\\u";
      AppendHexDigits(&out, point.value, 4);
    } else {
      out += "\\U";
      AppendHexDigits(&out, point.value, 8);
    }
    text.remove_prefix(point.bytes);
  }
  return out += '"';
}

std::optional<std::string> TakeQuoted(std::string_view* text) {
  if (text->empty()) return std::nullopt;
  const char quote = text->front();
  if (quote != '"' && quote != '`') return std::nullopt;
  std::string_view rest = text->substr(1);
  std::string out;
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == quote) {
      *text = rest;
      return out;
    }
    if (quote == '"' && c == '\\') {
      if (!TakeEscape(&rest, &out)) return std::nullopt;
    } else if (quote == '"' && c == '\n') {
      return std::nullopt;
    } else {
      out.push_back(c);
    }
  }
  return std::nullopt;
}

Result<std::vector<std::string>> SplitWords(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty()) {
    const char first = line.front();
    if (IsSpace(first)) {
      line.remove_prefix(1);
      continue;
    }
    if (first == '"' || first == '\'') {
      const size_t bytes = QuotedBytes(line);
      if (bytes == 0) {  // a quote without its partner is skipped
        line.remove_prefix(1);
        continue;
      }
      std::string_view word = line.substr(0, bytes);
      line.remove_prefix(bytes);
      if (first == '\'') {
        words.emplace_back(word.substr(1, bytes - 2));
        continue;
      }
      auto text = TakeQuoted(&word);
      if (!text) return InvalidArgument("invalid quoted string");
      words.push_back(*std::move(text));
      continue;
    }
    const auto* end = std::find_if(line.begin(), line.end(), IsSpace);
    const auto bytes = static_cast<size_t>(end - line.begin());
    words.emplace_back(line.substr(0, bytes));
    line.remove_prefix(bytes);
  }
  return words;
}

std::string HexEscaped(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    out += "\\x";
    AppendHexDigits(&out, static_cast<uint8_t>(c), 2);
  }
  return out;
}

std::string Base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) {
      group = (group << 8U) | (j < count ? static_cast<uint8_t>(bytes[i + j]) : 0U);
    }
    for (uint32_t j = 0; j < 4; ++j) {
      out.push_back(j <= count ? kAlphabet[(group >> (18U - 6U * j)) & 0x3FU] : '=');
    }
  }
  return out;
}

std::string Hex(uint64_t number, size_t width, char fill) {
  std::string out;
  do {
    out.insert(out.begin(), kHexDigits[number & 0xFU]);
    number >>= 4U;
  } while (number != 0);
  if (out.size() < width) out.insert(0, width - out.size(), fill);
  return out;
}

std::string SignedHex16(int64_t number) {
  if (number >= 0) return Hex(static_cast<uint64_t>(number), 16);
  return "-" + Hex(uint64_t{0} - static_cast<uint64_t>(number), 15);
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (&part != &parts.front()) out += separator;
    out += part;
  }
  return out;
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

namespace {

template <class Number>
Result<Number> ParseNumber(std::string_view text, int base, std::string_view function) {
  std::string_view digits = text;
  if (digits.size() > 1 && digits.front() == '+' && std::is_signed_v<Number>) {
    digits.remove_prefix(1);
  }
  Number value = 0;
  const char* end = digits.data() + digits.size();
  const auto [last, error] = std::from_chars(digits.data(), end, value, base);
  const auto refuse = [&](std::string_view why) {
    return InvalidArgument("strconv." + std::string(function) + ": parsing " + Quote(text) + ": " +
                           std::string(why));
  };
  if (error == std::errc::result_out_of_range) return refuse("value out of range");
  if (error != std::errc() || last != end || digits.empty()) return refuse("invalid syntax");
  return value;
}

}  // namespace

Result<int64_t> ParseInt(std::string_view text, int base) {
  return ParseNumber<int64_t>(text, base, "ParseInt");
}

Result<uint64_t> ParseUint(std::string_view text, int base) {
  return ParseNumber<uint64_t>(text, base, "ParseUint");
}

}  // namespace keel::ctl
