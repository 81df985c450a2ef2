// Sizes and times for people, and times as Go writes them. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace keel::ctl {

// "25 kB": powers of a thousand, one decimal below ten.
[[nodiscard]] std::string HumanBytes(uint64_t bytes);
// The other way: "25kB", "2 MiB", "1.5G", "1000"; INVALID_ARGUMENT otherwise.
[[nodiscard]] Result<uint64_t> ParseBytes(std::string_view text);

// "1.234567ms", "2m3s", as Go's Duration prints nanoseconds.
[[nodiscard]] std::string FormatDuration(uint64_t nanoseconds);
// "5s", "1m30s", "250ms", "0"; INVALID_ARGUMENT otherwise. In microseconds.
[[nodiscard]] Result<uint64_t> ParseDurationUs(std::string_view text);

// "3d 4h", "12m", "45s": the two largest units.
[[nodiscard]] std::string HumanSeconds(double seconds);
// "12.3k", "1.2M": a count or a rate in at most five characters.
[[nodiscard]] std::string HumanCount(double count);
// printf's %.*f.
[[nodiscard]] std::string Fixed(double number, int decimals);

}  // namespace keel::ctl
