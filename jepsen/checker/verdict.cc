#include "jepsen/checker/verdict.h"

#include <array>

namespace keel::jepsen {

std::string_view ToString(Verdict verdict) {
  static constexpr std::array<std::string_view, 3> kNames = {"linearizable", "not-linearizable",
                                                             "unknown"};
  return kNames[static_cast<size_t>(verdict)];
}

bool IsWorse(Verdict a, Verdict b) {
  const auto rank = [](Verdict verdict) {
    return verdict == Verdict::kNotLinearizable ? 2 : verdict == Verdict::kUnknown ? 1 : 0;
  };
  return rank(a) > rank(b);
}

}  // namespace keel::jepsen
