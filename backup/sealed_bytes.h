// What the heads and ends of all backup files share: a checksum behind them, and the marks of how
// the file is packed.
//
// Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keel::backup {

inline constexpr size_t kChecksumBytes = 8;
// The compression of a file, and its encryption; 0: none.
inline constexpr uint8_t kZstd = 1;
inline constexpr uint8_t kAes256Gcm = 1;

// Puts the checksum of all that is there behind it.
void AppendChecksum(std::string* bytes);
// `bytes` without the checksum at its end; empty if that does not fit.
[[nodiscard]] std::string_view Checked(std::string_view bytes);
// The number that the checksum at the end of `bytes` is.
[[nodiscard]] uint64_t ChecksumAtEnd(std::string_view bytes);

}  // namespace keel::backup
