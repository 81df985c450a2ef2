#include "tests/nodesim/chart.h"

namespace keel::nodesim {

namespace {

using sim::FaultKind;
using sim::Phase;

bool IsArchiveFault(FaultKind fault) { return fault >= FaultKind::kArchiveSlow; }
bool IsArchivePhase(Phase phase) { return phase == Phase::kHandOver || phase == Phase::kGap; }

// What an archive and a cluster can do to one another: where the leader goes, and where the archive
// fails; anything else meets by chance.
std::string_view WhyLeftToChance(const sim::Cell& cell) {
  if (IsArchiveFault(cell.fault)) {
    const bool matters = IsArchivePhase(cell.phase) || cell.phase == Phase::kSteady ||
                         cell.phase == Phase::kElection;
    return matters ? "" : "left to chance: no leader writes to the archive then, or as ever";
  }
  if (!IsArchivePhase(cell.phase)) return "";
  switch (cell.fault) {
    case FaultKind::kCrash:
    case FaultKind::kKill:
    case FaultKind::kStop:
    case FaultKind::kOutage:
    case FaultKind::kCut:
    case FaultKind::kPause:
    case FaultKind::kTransfer:
      return "";
    default:
      return "left to chance: no leader goes for it";
  }
}

std::string_view WhyImpossible(const sim::Cell& cell) {
  const std::string_view why = sim::WhyImpossible(cell);  // what cores refuse, nodes refuse too
  if (!why.empty()) return why;
  if (const std::string_view left = WhyLeftToChance(cell); !left.empty()) return left;
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

bool IsOfArchive(const sim::Cell& cell) {
  return IsArchiveFault(cell.fault) || IsArchivePhase(cell.phase);
}

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
