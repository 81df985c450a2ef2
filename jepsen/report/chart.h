// A chart over time as inline SVG: marks over bands.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "jepsen/report/faults.h"

namespace keel::jepsen {

struct Series {
  std::string name;
  std::string colour;
  std::vector<std::pair<int64_t, double>> points;  // time, value; in the order of time
};

struct Chart {
  std::string title;
  std::string unit;
  int64_t begin_ns = 0;
  int64_t end_ns = 1;
  std::vector<Series> series;
};

[[nodiscard]] std::string DrawChart(const Chart& chart, std::span<const Band> bands);

// & < > and quotes as HTML writes them.
[[nodiscard]] std::string EscapeHtml(std::string_view text);

// At most three digits after the point, and no zeros at its end.
[[nodiscard]] std::string Rounded(double value);

}  // namespace keel::jepsen
