// Moments as people write them: RFC 3339, or milliseconds since 1970. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace keel::ctl {

// "2026-11-21T12:00:00.123Z".
[[nodiscard]] std::string FormatMoment(uint64_t ms_since_1970);
// The other way, with "Z" or an offset as "+01:00" and up to three decimals; or a whole number of
// milliseconds. INVALID_ARGUMENT otherwise, and for a time without a zone: whose would it be?
[[nodiscard]] Result<uint64_t> ParseMoment(std::string_view text);

}  // namespace keel::ctl
