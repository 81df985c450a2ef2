#include "jepsen/nemesis/majority.h"

namespace keel::jepsen {

bool HasMajority(const Links& links, const std::vector<bool>& is_up) {
  const size_t size = links.nodes();
  for (size_t one = 0; one < size; one++) {
    size_t together = is_up[one] ? 1 : 0;
    for (size_t other = 0; is_up[one] && other < size; other++) {
      const bool talk = other != one && is_up[other] &&
                        !links.At({.from = one, .to = other}).is_cut &&
                        !links.At({.from = other, .to = one}).is_cut;
      together += talk ? 1 : 0;
    }
    if (together > size / 2) return true;
  }
  return false;
}

}  // namespace keel::jepsen
