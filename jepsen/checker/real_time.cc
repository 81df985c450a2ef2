#include "jepsen/checker/real_time.h"

#include <algorithm>
#include <vector>

namespace keel::jepsen {

std::optional<Conflict> FindConflict(std::span<const Layered> operations) {
  std::vector<Layered> by_answer;
  for (const Layered& layered : operations) {
    if (layered.operation->answered != kNever) by_answer.push_back(layered);
  }
  std::sort(by_answer.begin(), by_answer.end(), [](const Layered& a, const Layered& b) {
    return a.operation->answered < b.operation->answered;
  });
  std::vector<Layered> by_call(operations.begin(), operations.end());
  std::sort(by_call.begin(), by_call.end(), [](const Layered& a, const Layered& b) {
    return a.operation->called < b.operation->called;
  });
  // In the order of the calls, the highest layer among all that had ended.
  size_t ended = 0;
  const Layered* highest = nullptr;
  for (const Layered& layered : by_call) {
    while (ended < by_answer.size() &&
           by_answer[ended].operation->answered < layered.operation->called) {
      if (highest == nullptr || by_answer[ended].layer > highest->layer) {
        highest = &by_answer[ended];
      }
      ended++;
    }
    if (highest != nullptr && highest->layer > layered.layer) {
      return Conflict{highest->operation, layered.operation};
    }
  }
  return std::nullopt;
}

}  // namespace keel::jepsen
