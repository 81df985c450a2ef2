#include "jepsen/checker/print.h"

#include "jepsen/checker/timeline.h"

namespace keel::jepsen {
namespace {

constexpr size_t kShownOperationsMax = 40;
constexpr size_t kShownPartsMax = 3;

std::string PrintJudgement(const Judgement& judgement) {
  std::string text = "\n";
  if (judgement.key) text += "key " + judgement.key->ToString() + ": ";
  if (!judgement.anomaly.empty()) text += judgement.anomaly + ": ";
  text += judgement.reason + "\n";
  if (!judgement.counterexample.empty()) {
    text += DrawTimeline(judgement.counterexample, kShownOperationsMax);
  }
  return text;
}

}  // namespace

std::string PrintReport(const Report& report) {
  std::string text(ToString(report.verdict));
  text += "\nmodel " + report.model + (report.is_inferred ? " (inferred)" : "") + ", " +
          std::to_string(report.operation_count) + " operations";
  if (report.part_count > 1) text += " in " + std::to_string(report.part_count) + " parts";
  text += "\n";
  size_t shown = 0;
  for (const Judgement& judgement : report.judgements) {
    if (shown++ == kShownPartsMax) {
      text += "\nand " + std::to_string(report.judgements.size() - kShownPartsMax) + " more\n";
      break;
    }
    text += PrintJudgement(judgement);
  }
  return text;
}

}  // namespace keel::jepsen
