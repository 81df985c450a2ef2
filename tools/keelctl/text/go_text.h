// Text as Go's standard library writes and reads it, since etcdctl's users type and parse that.
//
// Pure functions over bytes; any thread. Strings need not be UTF-8: what is not is escaped byte by
// byte, as Go does.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace keel::ctl {

// "%q": in double quotes, with what cannot be printed escaped.
[[nodiscard]] std::string Quote(std::string_view text);

// Reads one quoted string ("..." with escapes, or `...` as it is) from the front of *text and takes
// it off; nothing when there is none, or its end is missing.
[[nodiscard]] std::optional<std::string> TakeQuoted(std::string_view* text);

// Cuts a line into words as etcdctl's txn and watch do: "with escapes", 'as it is', or bare.
// INVALID_ARGUMENT for a broken escape.
[[nodiscard]] Result<std::vector<std::string>> SplitWords(std::string_view line);

// \x61\x62: every byte.
[[nodiscard]] std::string HexEscaped(std::string_view bytes);

[[nodiscard]] std::string Base64(std::string_view bytes);

// A number in hexadecimal, without a prefix; `width` pads on the left with `fill`.
[[nodiscard]] std::string Hex(uint64_t number, size_t width = 0, char fill = '0');
// %016x of a signed number: Go puts the sign in front.
[[nodiscard]] std::string SignedHex16(int64_t number);

[[nodiscard]] std::string Join(const std::vector<std::string>& parts, std::string_view separator);
[[nodiscard]] std::vector<std::string> Split(std::string_view text, char separator);
[[nodiscard]] std::string_view Trim(std::string_view text);

// The whole of `text` as a number in `base`, with an optional sign; INVALID_ARGUMENT otherwise, in
// the words of Go's strconv.
[[nodiscard]] Result<int64_t> ParseInt(std::string_view text, int base);
[[nodiscard]] Result<uint64_t> ParseUint(std::string_view text, int base);

}  // namespace keel::ctl
