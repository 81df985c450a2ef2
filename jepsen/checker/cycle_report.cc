#include "jepsen/checker/cycle_report.h"

#include <algorithm>

namespace keel::jepsen {
namespace {

std::string_view Because(uint8_t why) {
  switch (why) {
    case kWriteWrite:
      return "is overwritten by (ww)";
    case kWriteRead:
      return "is read by (wr)";
    case kReadWrite:
      return "did not see (rw)";
    default:
      return "ended before the call of (real time)";
  }
}

}  // namespace

Judgement ReportCycle(const Cycle& cycle, std::span<const Operation* const> operations) {
  Judgement judgement;
  judgement.verdict = Verdict::kNotLinearizable;
  judgement.anomaly = cycle.anomaly;
  judgement.reason = "each of these must come before the next, and the last before the first:";
  for (size_t i = 0; i < cycle.steps.size(); i++) {
    const Operation& one = *operations[cycle.steps[i].operation];
    const Operation& next = *operations[cycle.steps[(i + 1) % cycle.steps.size()].operation];
    judgement.reason += "\n  " + one.Describe() + " of process " + one.process + " " +
                        std::string(Because(cycle.steps[i].why)) + " " + next.Describe() +
                        " of process " + next.process;
    judgement.counterexample.push_back(one);
  }
  std::sort(judgement.counterexample.begin(), judgement.counterexample.end(),
            [](const Operation& a, const Operation& b) { return a.called < b.called; });
  return judgement;
}

}  // namespace keel::jepsen
