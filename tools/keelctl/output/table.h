// A table with rules of + - |, as etcdctl draws it: headings in capitals and centred, cells to the
// right. Pure; any thread.
#pragma once

#include <string>
#include <vector>

namespace keel::ctl {

struct Table {
  enum class Align { kLeft, kRight };
  std::vector<std::string> heading;
  std::vector<std::vector<std::string>> rows;
  Align align = Align::kRight;

  // With a newline behind the last rule.
  [[nodiscard]] std::string Draw() const;
  // Columns apart by two spaces, no rules, to the left: what the screens of keelctl's own use.
  // `indent` stands before each line. Escape sequences in cells take no width.
  [[nodiscard]] std::string DrawPlain(const std::string& indent = "") const;
};

}  // namespace keel::ctl
