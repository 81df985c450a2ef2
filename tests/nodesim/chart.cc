#include "tests/nodesim/chart.h"

namespace keel::nodesim {

namespace {

using sim::FaultKind;
using sim::Phase;

std::string_view WhyImpossible(const sim::Cell& cell) {
  const std::string_view why = sim::WhyImpossible(cell);  // what cores refuse, nodes refuse too
  if (!why.empty()) return why;
  if (cell.fault == FaultKind::kFullDisk && cell.phase == Phase::kDiskFull) {
    return "one disk is full at a time";
  }
  const bool loses = cell.fault == FaultKind::kDamage || cell.fault == FaultKind::kLostState;
  const bool leaves = cell.fault == FaultKind::kRemove || cell.fault == FaultKind::kReplace ||
                      cell.fault == FaultKind::kRemoveLeader;
  if (loses && cell.phase == Phase::kJoint) {
    return "disks may lose what they keep on a minority of every config in force: it settles first";
  }
  if (loses && cell.phase == Phase::kRepair) return "one member at a time loses what it keeps";
  if (leaves && cell.phase == Phase::kRepair) {
    return "no voter leaves while another one is not whole: too few would be left";
  }
  return "";
}

}  // namespace

const sim::Chart& NodeChart() {
  static const sim::Chart chart = [] {
    sim::Chart nodes{.why_impossible = &WhyImpossible, .aims = 20};
    for (size_t fault = 0; fault < sim::kFaultKinds; ++fault) {
      // A directory that was lost is a member that was lost: replacing covers it.
      if (static_cast<FaultKind>(fault) == FaultKind::kWipe) continue;
      nodes.faults.push_back(static_cast<FaultKind>(fault));
    }
    for (size_t phase = 0; phase < sim::kPhases; ++phase) {
      nodes.phases.push_back(static_cast<Phase>(phase));
    }
    return sim::MakeChart(std::move(nodes));
  }();
  return chart;
}

}  // namespace keel::nodesim
