#include "jepsen/chaos/save.h"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "jepsen/chaos/summary.h"
#include "jepsen/report/chart.h"
#include "jepsen/report/page.h"

namespace keel::jepsen {
namespace {

constexpr std::string_view kHead =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>chaos</title><style>"
    "body{font:15px sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222}"
    "svg{width:100%;font-size:11px}svg text{fill:#555}table{border-collapse:collapse}"
    "td,th{padding:.2em .8em;border-bottom:1px solid #ddd;text-align:right}"
    "td:first-child,th:first-child{text-align:left}"
    "pre{background:#f6f6f6;padding:1em;overflow-x:auto}.ok{color:#17702b}.bad{color:#b00020}"
    "</style></head><body>\n";

constexpr size_t kLogLines = 60;

Status Write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) return Internal("writing " + path);
  return {};
}

Status SaveHistory(const std::string& path, const History& history) {
  std::ofstream file(path);
  for (const Event& event : history.events) file << ToEdn(event) << "\n";
  file.close();
  if (!file) return Internal("writing " + path);
  return {};
}

std::string_view LastLines(std::string_view text) {
  size_t begin = text.size();
  for (size_t i = 0; i <= kLogLines && begin != std::string_view::npos; i++) {
    begin = begin == 0 ? std::string_view::npos : text.rfind('\n', begin - 1);
  }
  return begin == std::string_view::npos ? text : text.substr(begin + 1);
}

// The faults in the order of time, with what they hit.
std::string FaultLog(const History& history) {
  std::string text;
  int64_t begin_ns = -1;
  for (const Event& event : history.events) {
    if (begin_ns < 0) begin_ns = event.time_ns.value_or(0);
    if (event.IsOfClient()) continue;
    text += Rounded(static_cast<double>(*event.time_ns - begin_ns) / 1e9) + " s  " + event.f +
            "  " + event.value.text + "\n";
  }
  return text;
}

}  // namespace

std::string IndexPage(const ChaosArguments& arguments, const RunResult& result) {
  const bool is_good = result.status.ok() && AnomalyCount(result) == 0;
  std::string html(kHead);
  html +=
      std::string("<h1 class=\"") + (is_good ? "ok\">no anomaly" : "bad\">not well") + "</h1>\n";
  html += "<p>" + std::string(ToString(arguments.target)) + ", " + std::to_string(arguments.nodes) +
          " nodes, " + std::to_string(OkCount(result)) + " operations acknowledged, seed " +
          std::to_string(arguments.seed) + "</p>\n<ul>\n";
  for (const WorkloadResult& workload : result.workloads) {
    html += "<li><a href=\"" + workload.name + ".html\">" + workload.name +
            "</a>: " + std::string(ToString(workload.report.verdict)) + " (<a href=\"" +
            workload.name + ".edn\">history</a>)</li>\n";
  }
  html += "</ul>\n";
  if (!result.workloads.empty()) {
    html += DrawCost(result.workloads.front().history, Outlines(result));
  }
  html += "<h2>Summary</h2>\n<pre>" + EscapeHtml(Summary(arguments, result)) + "</pre>\n";
  if (!result.workloads.empty()) {
    html += "<h2>Faults</h2>\n<pre>" + EscapeHtml(FaultLog(result.workloads.front().history)) +
            "</pre>\n";
  }
  for (const auto& [name, log] : result.logs) {
    html += "<h2>The end of <a href=\"" + name + ".log\">" + name + "'s log</a></h2>\n<pre>" +
            EscapeHtml(std::string(LastLines(log))) + "</pre>\n";
  }
  return html + "</body></html>\n";
}

Status Save(const ChaosArguments& arguments, const RunResult& result) {
  const std::string& directory = arguments.out;
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return ErrnoStatus(error.value(), "making " + directory);
  for (const auto& [name, log] : result.logs) {
    KEEL_RETURN_IF_ERROR(Write(directory + "/" + name + ".log", log));
  }
  for (const WorkloadResult& workload : result.workloads) {
    const std::string path = directory + "/" + workload.name;
    KEEL_RETURN_IF_ERROR(SaveHistory(path + ".edn", workload.history));
    const PageOptions page{.title = workload.name,
                           .seed = std::to_string(arguments.seed),
                           .replay = ReplayCommand(arguments)};
    KEEL_RETURN_IF_ERROR(
        Write(path + ".html", MakePage(workload.history, workload.paired, workload.report, page)));
  }
  return Write(directory + "/index.html", IndexPage(arguments, result));
}

}  // namespace keel::jepsen
