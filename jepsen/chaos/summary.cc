#include "jepsen/chaos/summary.h"

#include <cstdarg>
#include <cstdio>

#include "jepsen/checker/print.h"

namespace keel::jepsen {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

[[gnu::format(printf, 1, 2)]] std::string Line(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  return text;
}

std::string FaultLines(const RunResult& result) {
  std::string text = Line("%-20s %5s %5s %8s %13s %12s %12s\n", "fault", "times", "void", "calls",
                          "acknowledged", "write gap", "recovery");
  for (const FaultEffect& effect : EffectsOf(result)) {
    const auto tally = result.tallies.find(effect.kind);
    const size_t nothing = tally == result.tallies.end() ? 0 : tally->second.nothing;
    const double share = effect.called_count == 0
                             ? 0.0
                             : 100.0 * static_cast<double>(effect.acknowledged_count) /
                                   static_cast<double>(effect.called_count);
    text += Line("%-20s %5zu %5zu %8zu %11.1f %% %9lld ms %9lld ms\n", effect.kind.c_str(),
                 effect.band_count, nothing, effect.called_count, share,
                 static_cast<long long>(effect.longest_write_gap_ns / kNsPerMs),
                 static_cast<long long>(effect.longest_recovery_ns / kNsPerMs));
  }
  return text;
}

std::string WorkloadLines(const RunResult& result) {
  std::string text =
      Line("%-12s %8s %8s %8s  %s\n", "workload", "ok", "failed", "unknown", "verdict");
  for (const WorkloadResult& workload : result.workloads) {
    text += Line("%-12s %8zu %8zu %8zu  %s\n", workload.name.c_str(), workload.ok_count,
                 workload.fail_count, workload.unknown_count,
                 std::string(ToString(workload.report.verdict)).c_str());
  }
  return text;
}

// What was not done to this target, so that nobody takes it for done.
std::string LeftOutLines(const ChaosArguments& arguments) {
  std::string text;
  for (const LeftOut& left_out : FaultsLeftOut(arguments)) {
    std::string names;
    for (const std::string& name : left_out.faults) names += (names.empty() ? "" : ", ") + name;
    text += "not possible here: " + names + ": " + left_out.why + "\n";
  }
  return text;
}

// In one line why this run is not well; empty: it is.
std::string WhyNotWell(const RunResult& result) {
  std::string why;
  for (const WorkloadResult& workload : result.workloads) {
    if (workload.report.judgements.empty()) continue;
    const Judgement& worst = workload.report.judgements.front();
    why += (why.empty() ? "" : "; ") + workload.name + " is " +
           std::string(ToString(worst.verdict)) + ": " +
           (worst.anomaly.empty() ? worst.reason : worst.anomaly);
  }
  if (!result.status.ok()) why += (why.empty() ? "" : "; ") + result.status.ToString();
  while (why.ends_with('\n')) why.pop_back();
  // Of a log's end, its last word.
  const size_t first_end = why.find('\n');
  if (first_end == std::string::npos) return why;
  return why.substr(0, first_end) + " " + why.substr(why.rfind('\n') + 1);
}

}  // namespace

size_t AnomalyCount(const RunResult& result) {
  size_t count = 0;
  for (const WorkloadResult& workload : result.workloads)
    count += workload.report.judgements.size();
  return count;
}

size_t OkCount(const RunResult& result) {
  size_t count = 0;
  for (const WorkloadResult& workload : result.workloads) count += workload.ok_count;
  return count;
}

std::vector<Operation> Outlines(const RunResult& result) {
  std::vector<Operation> outlines;
  for (const WorkloadResult& workload : result.workloads) {
    for (const Operation& operation : workload.paired.operations) {
      Operation outline;
      outline.f = operation.f;
      outline.outcome = operation.outcome;
      outline.call_time_ns = operation.call_time_ns;
      outline.answer_time_ns = operation.answer_time_ns;
      outlines.push_back(std::move(outline));
    }
  }
  return outlines;
}

std::vector<FaultEffect> EffectsOf(const RunResult& result) {
  if (result.workloads.empty()) return {};
  const std::vector<Band> bands = FindFaults(result.workloads.front().history);
  const std::vector<Operation> outlines = Outlines(result);
  return MeasureFaults(bands, outlines);
}

std::string Summary(const ChaosArguments& arguments, const RunResult& result) {
  std::string text;
  for (const WorkloadResult& workload : result.workloads) {
    if (workload.report.judgements.empty()) continue;
    text += "-- " + workload.name + "\n" + PrintReport(workload.report) + "\n";
  }
  text += FaultLines(result) + "\n" + WorkloadLines(result) + "\n";
  text += Line(
      "two faults or more at once: %lld ms; all nodes served %lld ms after the last; "
      "steps skipped: %zu\n",
      static_cast<long long>(result.overlap.count()),
      static_cast<long long>(result.healed_after.count()), result.skipped);
  for (const std::string& remark : result.remarks) text += "remark: " + remark + "\n";
  text += LeftOutLines(arguments);
  if (!result.status.ok()) text += "the run failed: " + result.status.ToString() + "\n";
  text += "replay: " + ReplayCommand(arguments) + "\n";
  text += "chaos: ops_ok=" + std::to_string(OkCount(result)) +
          " anomalies=" + std::to_string(AnomalyCount(result)) +
          " seed=" + std::to_string(arguments.seed);
  const std::string why = WhyNotWell(result);
  return text + (why.empty() ? "" : " failed: " + why) + "\n";
}

}  // namespace keel::jepsen
