// Bytes as a person reads them: in narrations, failing tests and log lines.
//
// Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace keel {

// `bytes` with everything that is not printable ASCII escaped (\n, \t, \x00), and the backslash
// too, so that two different inputs never look the same. At most `shown_bytes_max` bytes of the
// input are shown; the rest is counted: "abc...(97 more)".
[[nodiscard]] std::string Printable(std::string_view bytes, size_t shown_bytes_max);

// Two lower-case digits a byte: "00ff".
[[nodiscard]] std::string Hex(std::string_view bytes);

}  // namespace keel
