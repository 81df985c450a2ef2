// One code point at a time out of bytes that may not be UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keel::ctl {

struct CodePoint {
  static constexpr uint32_t kInvalid = 0xFFFD;
  uint32_t value = kInvalid;
  size_t bytes = 1;  // how many it takes; 1 when invalid
  bool valid = false;
};

// The one at the front of `text`, which is not empty.
[[nodiscard]] CodePoint DecodeUtf8(std::string_view text);
void AppendUtf8(std::string* out, uint32_t value);

// How many columns of a terminal `text` takes: a code point takes one, wide ones two.
[[nodiscard]] size_t DisplayWidth(std::string_view text);

}  // namespace keel::ctl
