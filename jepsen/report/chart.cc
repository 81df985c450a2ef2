#include "jepsen/report/chart.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

namespace keel::jepsen {
namespace {

constexpr double kWidth = 960;
constexpr double kHeight = 180;
constexpr double kLeft = 60;
constexpr double kBottom = 24;
constexpr std::array kBandColours = {"#f6c7c7", "#c7d8f6", "#d6f0c9",
                                     "#f3e3b3", "#e2cdf2", "#c9eeee"};

std::string Attribute(std::string_view name, double value) {
  return " " + std::string(name) + "=\"" + Rounded(value) + "\"";
}

std::string Text(double x, double y, std::string_view anchor, std::string_view words) {
  return "<text" + Attribute("x", x) + Attribute("y", y) + " text-anchor=\"" + std::string(anchor) +
         "\">" + EscapeHtml(words) + "</text>\n";
}

}  // namespace

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  for (const char byte : text) {
    switch (byte) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += byte;
    }
  }
  return escaped;
}

std::string Rounded(double value) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.3f", value);
  std::string rounded = text;
  while (rounded.ends_with('0')) rounded.pop_back();
  if (rounded.ends_with('.')) rounded.pop_back();
  return rounded;
}

std::string DrawChart(const Chart& chart, std::span<const Band> bands) {
  double highest = 0;
  for (const Series& series : chart.series) {
    for (const auto& [time, value] : series.points) highest = std::max(highest, value);
  }
  if (highest == 0) highest = 1;
  const double span = static_cast<double>(std::max<int64_t>(1, chart.end_ns - chart.begin_ns));
  const auto x = [&](int64_t time) {
    return kLeft + (kWidth - kLeft) * static_cast<double>(time - chart.begin_ns) / span;
  };
  const auto y = [&](double value) {
    return 10 + (kHeight - kBottom - 10) * (1 - value / highest);
  };

  std::string svg = "<h2>" + EscapeHtml(chart.title) + "</h2>\n<svg viewBox=\"0 0 " +
                    Rounded(kWidth + 10) + " " + Rounded(kHeight) + "\" role=\"img\">\n";
  std::map<std::string, size_t> colours;
  for (const Band& band : bands) {
    const size_t colour = colours.try_emplace(band.kind, colours.size()).first->second;
    svg += "<rect" + Attribute("x", x(band.begin_ns)) + Attribute("y", 10) +
           Attribute("width", std::max(1.0, x(band.end_ns) - x(band.begin_ns))) +
           Attribute("height", kHeight - kBottom - 10) + " fill=\"" +
           kBandColours[colour % kBandColours.size()] + "\"><title>" + EscapeHtml(band.kind) +
           "</title></rect>\n";
  }
  double legend = kLeft;
  for (const Series& series : chart.series) {
    svg += "<polyline fill=\"none\" stroke=\"" + series.colour + "\" points=\"";
    for (const auto& [time, value] : series.points) {
      svg += Rounded(x(time)) + "," + Rounded(y(value)) + " ";
    }
    svg += "\"/>\n<text fill=\"" + series.colour + "\"" + Attribute("x", legend) +
           Attribute("y", kHeight - 4) + ">" + EscapeHtml(series.name) + "</text>\n";
    legend += 110;
  }
  for (const auto& [kind, colour] : colours) {
    svg += "<rect" + Attribute("x", legend) + Attribute("y", kHeight - 14) +
           " width=\"10\" height=\"10\" fill=\"" + kBandColours[colour % kBandColours.size()] +
           "\"/>\n" + Text(legend + 14, kHeight - 4, "start", kind);
    legend += 110;
  }
  svg += Text(kLeft - 4, 18, "end", Rounded(highest) + " " + chart.unit);
  svg += Text(kLeft - 4, y(0), "end", "0");
  return svg + "</svg>\n";
}

}  // namespace keel::jepsen
