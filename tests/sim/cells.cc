#include "tests/sim/cells.h"

#include "base/prng.h"

namespace keel::sim {

namespace {

constexpr size_t kAims = 10;

bool IsMemberChange(FaultKind fault) {
  switch (fault) {
    case FaultKind::kAdd:
    case FaultKind::kAlter:
    case FaultKind::kRemove:
    case FaultKind::kRemoveLeader:
    case FaultKind::kReplace:
    case FaultKind::kSettings:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string_view WhyImpossible(const Cell& cell) {
  if (IsMemberChange(cell.fault) && cell.phase == Phase::kJoint) {
    return "a joint config is left before the next change: it is refused";
  }
  if (IsMemberChange(cell.fault) && cell.phase == Phase::kTransfer) {
    return "no change starts while leadership is being transferred: it is refused";
  }
  if (cell.fault == FaultKind::kTransfer && cell.phase == Phase::kTransfer) {
    return "one transfer at a time: the second is refused";
  }
  return "";
}

const std::vector<Cell>& PossibleCells() {
  static const std::vector<Cell> cells = [] {
    std::vector<Cell> all;
    for (size_t fault = 0; fault < kFaultKinds; ++fault) {
      for (size_t phase = 0; phase < kPhases; ++phase) {
        const Cell cell{static_cast<FaultKind>(fault), static_cast<Phase>(phase)};
        if (WhyImpossible(cell).empty()) all.push_back(cell);
      }
    }
    return all;
  }();
  return cells;
}

std::vector<Cell> AimsOf(uint64_t seed) {
  const std::vector<Cell>& all = PossibleCells();
  Prng prng(seed ^ 0x61696d73u);
  std::vector<Cell> aims;
  for (size_t i = 0; i < kAims; ++i) aims.push_back(all[prng.Below(all.size())]);
  return aims;
}

}  // namespace keel::sim
