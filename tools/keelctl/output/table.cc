#include "tools/keelctl/output/table.h"

#include <algorithm>

#include "tools/keelctl/text/utf8.h"

namespace keel::ctl {
namespace {

// The width without escape sequences that colour.
size_t WidthOf(const std::string& cell) {
  std::string bare;
  for (size_t i = 0; i < cell.size(); ++i) {
    if (cell[i] == '\x1b') {
      i = std::min(cell.find('m', i), cell.size());
    } else {
      bare.push_back(cell[i]);
    }
  }
  return DisplayWidth(bare);
}

std::string Capitals(std::string text) {
  for (char& c : text) {
    if (c == '_') c = ' ';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string Centred(const std::string& text, size_t width) {
  const size_t gap = width - WidthOf(text);
  return std::string(gap / 2, ' ') + text + std::string(gap - gap / 2, ' ');
}

std::vector<size_t> WidthsOf(const Table& table) {
  std::vector<size_t> widths;
  for (const std::string& name : table.heading) widths.push_back(WidthOf(name));
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], WidthOf(row[i]));
    }
  }
  return widths;
}

}  // namespace

std::string Table::Draw() const {
  const std::vector<size_t> widths = WidthsOf(*this);
  std::string rule = "+";
  for (const size_t width : widths) rule += std::string(width + 2, '-') + "+";
  rule += '\n';
  std::string out = rule + "|";
  for (size_t i = 0; i < heading.size(); ++i) {
    out += " " + Centred(Capitals(heading[i]), widths[i]) + " |";
  }
  out += "\n" + rule;
  for (const auto& row : rows) {
    out += '|';
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths[i] - WidthOf(row[i]), ' ');
      out += " " + (align == Align::kRight ? gap + row[i] : row[i] + gap) + " |";
    }
    out += '\n';
  }
  return rows.empty() ? out : out + rule;
}

std::string Table::DrawPlain(const std::string& indent) const {
  const std::vector<size_t> widths = WidthsOf(*this);
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells) {
    out += indent;
    for (size_t i = 0; i < cells.size(); ++i) {
      out += cells[i];
      if (i + 1 < cells.size()) out += std::string(widths[i] - WidthOf(cells[i]) + 2, ' ');
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    out += '\n';
  };
  if (std::any_of(heading.begin(), heading.end(), [](const auto& name) { return !name.empty(); })) {
    line(heading);
  }
  for (const auto& row : rows) line(row);
  return out;
}

}  // namespace keel::ctl
