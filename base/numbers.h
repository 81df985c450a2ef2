// Numbers as text, and text as numbers: for flags, names of files, headers and log lines.
//
// Pure functions; any thread.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace keel {

// The number that `text` is, from its first character to its last; nothing if it is none, or too
// large for a Number. No sign but a minus where Number has one, no white space.
template <class Number>
[[nodiscard]] std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || last != end) return std::nullopt;
  return number;
}

// Lower-case, without leading zeros, as ids are shown: "7e4d".
[[nodiscard]] std::string HexNumber(uint64_t number);

}  // namespace keel
