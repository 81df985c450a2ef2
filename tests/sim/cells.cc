#include "tests/sim/cells.h"

#include <utility>

#include "base/prng.h"

namespace keel::sim {

namespace {

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

Chart MakeChart(Chart chart) {
  for (const FaultKind fault : chart.faults) {
    for (const Phase phase : chart.phases) {
      const Cell cell{fault, phase};
      if (chart.why_impossible(cell).empty()) chart.possible.push_back(cell);
    }
  }
  return chart;
}

const Chart& CoreChart() {
  static const Chart chart = [] {
    Chart core{.why_impossible = &WhyImpossible};
    for (size_t fault = 0; fault <= static_cast<size_t>(FaultKind::kCompact); ++fault) {
      core.faults.push_back(static_cast<FaultKind>(fault));
    }
    for (size_t phase = 0; phase <= static_cast<size_t>(Phase::kRestart); ++phase) {
      core.phases.push_back(static_cast<Phase>(phase));
    }
    core.phases.push_back(Phase::kSteady);
    return MakeChart(std::move(core));
  }();
  return chart;
}

std::vector<Cell> AimsOf(uint64_t seed, const Chart& chart) {
  Prng prng(seed ^ 0x61696d73u);
  std::vector<Cell> aims;
  for (size_t i = 0; i < chart.aims; ++i) {
    aims.push_back(chart.possible[prng.Below(chart.possible.size())]);
  }
  return aims;
}

}  // namespace keel::sim
