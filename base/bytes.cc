#include "base/bytes.h"

#include <algorithm>

namespace keel {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

void AppendHex(std::string* out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out->push_back(kDigits[byte >> 4]);
  out->push_back(kDigits[byte & 0xf]);
}

void AppendEscaped(std::string* out, char c) {
  switch (c) {
    case '\n':
      out->append("\\n");
      return;
    case '\r':
      out->append("\\r");
      return;
    case '\t':
      out->append("\\t");
      return;
    case '\\':
      out->append("\\\\");
      return;
    default:
      break;
  }
  if (c >= ' ' && c <= '~') {
    out->push_back(c);
    return;
  }
  out->append("\\x");
  AppendHex(out, c);
}

}  // namespace

std::string Printable(std::string_view bytes, size_t shown_bytes_max) {
  const size_t shown_bytes = std::min(bytes.size(), shown_bytes_max);
  std::string text;
  text.reserve(shown_bytes);
  for (char c : bytes.substr(0, shown_bytes)) AppendEscaped(&text, c);
  if (shown_bytes < bytes.size()) {
    text.append("...(").append(std::to_string(bytes.size() - shown_bytes)).append(" more)");
  }
  return text;
}

std::string Hex(std::string_view bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (char c : bytes) AppendHex(&text, c);
  return text;
}

}  // namespace keel
