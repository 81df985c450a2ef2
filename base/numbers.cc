#include "base/numbers.h"

#include <array>

namespace keel {

std::string HexNumber(uint64_t number) {
  std::array<char, 2 * sizeof(number)> digits;
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), number, /*base=*/16);
  return {digits.data(), end};
}

}  // namespace keel
