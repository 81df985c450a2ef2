// doctor: looks at the cluster twice, a moment apart, and says what is wrong and what to do.
#include <algorithm>
#include <chrono>
#include <thread>

#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/diagnosis.h"
#include "tools/keelctl/output/json.h"
#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

std::string AsJson(const std::vector<Finding>& findings) {
  JsonArray array;
  for (const Finding& each : findings) {
    array.Add(JsonObject()
                  .Text("name", each.name)
                  .Text("gravity", each.gravity == Finding::Gravity::kFault ? "fault" : "warning")
                  .Text("what", each.what)
                  .Text("meaning", each.meaning)
                  .Text("advice", each.advice)
                  .End());
  }
  return array.End() + "\n";
}

std::string AsText(const Context& context, const std::vector<Finding>& findings,
                   const Survey& survey) {
  const Terminal& terminal = context.terminal();
  if (findings.empty()) {
    return terminal.Paint(Colour::kGreen, "healthy") + ": " +
           std::to_string(survey.members.size()) + " members, " + std::to_string(CheckCount()) +
           " checks, nothing found\n";
  }
  std::string out;
  for (const Finding& each : findings) {
    const bool fault = each.gravity == Finding::Gravity::kFault;
    out += terminal.Paint(fault ? Colour::kRed : Colour::kYellow,
                          (fault ? "fault    " : "warning  ") + each.name) +
           "\n  " + each.what + "\n  So: " + each.meaning + ".\n  Do: " + each.advice + ".\n";
  }
  return out;
}

}  // namespace

ExitCode RunDoctor(Context& context) {
  const auto before = TakeSurvey(context.calls());
  if (!before.ok()) return context.Fail(before.status());
  const auto wait_until = std::chrono::steady_clock::now() +
                          std::chrono::microseconds(context.flags().DurationUs("watch-for"));
  while (std::chrono::steady_clock::now() < wait_until && !interrupt::Asked()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  context.calls().Forget();
  const auto after = TakeSurvey(context.calls());
  if (!after.ok()) return context.Fail(after.status());
  Thresholds thresholds;
  thresholds.slow_sync_seconds = static_cast<double>(context.flags().DurationUs("slow-sync")) / 1e6;
  const auto findings = Diagnose(*before, *after, thresholds);
  const auto printed = context.Print(
      Show(context.style(), {.simple = [&] { return AsText(context, findings, *after); },
                             .json = [&] { return AsJson(findings); }}));
  if (printed != ExitCode::kSuccess) return printed;
  const bool faulty = std::any_of(findings.begin(), findings.end(), [](const Finding& each) {
    return each.gravity == Finding::Gravity::kFault;
  });
  return faulty ? ExitCode::kError : ExitCode::kSuccess;
}

}  // namespace keel::ctl
