#include "jepsen/report/page.h"

#include <algorithm>

#include "jepsen/checker/timeline.h"
#include "jepsen/report/chart.h"
#include "jepsen/report/faults.h"

namespace keel::jepsen {
namespace {

constexpr size_t kBuckets = 120;
constexpr size_t kShownMax = 60;
constexpr size_t kContextMax = 40;
constexpr double kNsPerMs = 1e6;
constexpr double kNsPerSecond = 1e9;

constexpr std::string_view kStyle =
    "body{font:15px sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222}"
    "svg{width:100%;font-size:11px}svg text{fill:#555}pre{background:#f6f6f6;padding:1em;"
    "overflow-x:auto}table{border-collapse:collapse}td,th{padding:.2em .8em;border-bottom:1px "
    "solid "
    "#ddd;text-align:right}td:first-child,th:first-child{text-align:left}"
    ".linearizable{color:#17702b}.not-linearizable{color:#b00020}.unknown{color:#9a6700}";

struct Bucket {
  size_t ok_count = 0;
  size_t other_count = 0;
  std::vector<double> latencies_ms;
};

// What clients felt in equal spans of the run.
class Load {
 public:
  Load(const History& history, std::span<const Operation> operations) {
    if (history.events.empty()) return;
    begin_ns_ = TimeOf(history.events.front(), 0);
    end_ns_ = begin_ns_ + 1;
    for (size_t i = 0; i < history.events.size(); i++) {
      end_ns_ = std::max(end_ns_, TimeOf(history.events[i], i));
    }
    for (const Operation& operation : operations) Add(operation);
  }

  [[nodiscard]] Chart Throughput() const {
    Chart chart{.title = "Answers", .unit = "/s", .begin_ns = begin_ns_, .end_ns = end_ns_};
    Series ok{.name = "acknowledged", .colour = "#17702b", .points = {}};
    Series other{.name = "failed, unknown", .colour = "#b00020", .points = {}};
    const double seconds = static_cast<double>(end_ns_ - begin_ns_) / kNsPerSecond / kBuckets;
    for (size_t i = 0; i < kBuckets; i++) {
      ok.points.emplace_back(TimeAt(i), static_cast<double>(buckets_[i].ok_count) / seconds);
      other.points.emplace_back(TimeAt(i), static_cast<double>(buckets_[i].other_count) / seconds);
    }
    chart.series = {std::move(ok), std::move(other)};
    return chart;
  }

  [[nodiscard]] Chart Latency() const {
    Chart chart{.title = "Latency", .unit = "ms", .begin_ns = begin_ns_, .end_ns = end_ns_};
    Series median{.name = "median", .colour = "#2457a6", .points = {}};
    Series slow{.name = "99 %", .colour = "#c06000", .points = {}};
    for (size_t i = 0; i < kBuckets; i++) {
      std::vector<double> latencies = buckets_[i].latencies_ms;
      if (latencies.empty()) continue;
      std::sort(latencies.begin(), latencies.end());
      median.points.emplace_back(TimeAt(i), latencies[latencies.size() / 2]);
      slow.points.emplace_back(TimeAt(i), latencies[latencies.size() * 99 / 100]);
    }
    chart.series = {std::move(median), std::move(slow)};
    return chart;
  }

 private:
  void Add(const Operation& operation) {
    const bool is_ok = operation.outcome == Outcome::kOk;
    const auto place = is_ok ? operation.answered : operation.called;
    const auto& time = is_ok ? operation.answer_time_ns : operation.call_time_ns;
    const int64_t at_ns = time.value_or(static_cast<int64_t>(place));
    Bucket& bucket = buckets_[BucketOf(at_ns)];
    (is_ok ? bucket.ok_count : bucket.other_count)++;
    if (is_ok && operation.call_time_ns && operation.answer_time_ns) {
      bucket.latencies_ms.push_back(
          static_cast<double>(*operation.answer_time_ns - *operation.call_time_ns) / kNsPerMs);
    }
  }

  [[nodiscard]] size_t BucketOf(int64_t at_ns) const {
    const double share = static_cast<double>(std::max<int64_t>(0, at_ns - begin_ns_)) /
                         static_cast<double>(end_ns_ - begin_ns_);
    return std::min(kBuckets - 1, static_cast<size_t>(share * kBuckets));
  }

  [[nodiscard]] int64_t TimeAt(size_t bucket) const {
    return begin_ns_ + (end_ns_ - begin_ns_) * static_cast<int64_t>(2 * bucket + 1) /
                           static_cast<int64_t>(2 * kBuckets);
  }

  int64_t begin_ns_ = 0;
  int64_t end_ns_ = 1;
  std::vector<Bucket> buckets_ = std::vector<Bucket>(kBuckets);
};

std::string FaultTable(std::span<const FaultEffect> effects) {
  if (effects.empty()) return "";
  std::string html =
      "<h2>Faults</h2>\n<table><tr><th>kind</th><th>times</th><th>calls</th><th>acknowledged</th>"
      "<th>longest write gap</th><th>time to recover</th></tr>\n";
  for (const FaultEffect& effect : effects) {
    const double share = effect.called_count == 0
                             ? 0
                             : 100.0 * static_cast<double>(effect.acknowledged_count) /
                                   static_cast<double>(effect.called_count);
    html += "<tr><td>" + EscapeHtml(effect.kind) + "</td><td>" + std::to_string(effect.band_count) +
            "</td><td>" + std::to_string(effect.called_count) + "</td><td>" + Rounded(share) +
            " %</td><td>" + Rounded(static_cast<double>(effect.longest_write_gap_ns) / kNsPerMs) +
            " ms</td><td>" +
            (effect.has_recovered
                 ? Rounded(static_cast<double>(effect.longest_recovery_ns) / kNsPerMs) + " ms"
                 : "never") +
            "</td></tr>\n";
  }
  return html + "</table>\n";
}

// All that was called, on whatever key, while the counterexample's last operation was open, and
// the operations before.
std::string Around(const Judgement& judgement, std::span<const Operation> operations) {
  if (judgement.counterexample.empty()) return "";
  size_t end = 0;
  for (const Operation& operation : judgement.counterexample) {
    end = std::max(end, operation.answered == kNever ? operation.called : operation.answered);
  }
  const auto after = std::upper_bound(
      operations.begin(), operations.end(), end,
      [](size_t place, const Operation& operation) { return place < operation.called; });
  const auto count = static_cast<size_t>(after - operations.begin());
  return "<h3>The history up to there</h3>\n<pre>" +
         EscapeHtml(DrawTimeline(operations.first(count), kContextMax)) + "</pre>\n";
}

}  // namespace

std::string DrawCost(const History& history, std::span<const Operation> operations) {
  const std::vector<Band> bands = FindFaults(history);
  const Load load(history, operations);
  return DrawChart(load.Throughput(), bands) + DrawChart(load.Latency(), bands) +
         FaultTable(MeasureFaults(bands, operations));
}

std::string MakePage(const History& history, const PairedHistory& paired, const Report& report,
                     const PageOptions& options) {
  const std::string verdict(ToString(report.verdict));
  std::string html = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
                     EscapeHtml(options.title) + ": " + verdict + "</title><style>" +
                     std::string(kStyle) + "</style></head><body>\n<h1 class=\"" + verdict + "\">" +
                     verdict + "</h1>\n<p>" + EscapeHtml(options.title) + ": model " +
                     EscapeHtml(report.model) + ", " + std::to_string(report.operation_count) +
                     " operations</p>\n";
  if (!options.seed.empty()) html += "<p>Seed " + EscapeHtml(options.seed) + "</p>\n";
  if (!options.replay.empty()) {
    html += "<p>The same run again:</p>\n<pre>" + EscapeHtml(options.replay) + "</pre>\n";
  }
  if (!report.judgements.empty()) {
    const Judgement& first = report.judgements.front();
    html += "<h2>" + EscapeHtml(first.anomaly.empty() ? "Why" : first.anomaly) + "</h2>\n<p>";
    if (first.key) html += "Key " + EscapeHtml(first.key->ToString()) + ": ";
    html += EscapeHtml(first.reason) + "</p>\n<pre>" +
            EscapeHtml(DrawTimeline(first.counterexample, kShownMax)) + "</pre>\n" +
            Around(first, paired.operations);
  }
  return html + DrawCost(history, paired.operations) + "</body></html>\n";
}

}  // namespace keel::jepsen
