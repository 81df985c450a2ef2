#include "jepsen/checker/timeline.h"

#include <algorithm>
#include <vector>

namespace keel::jepsen {
namespace {

constexpr size_t kWidthMax = 72;
constexpr size_t kDescriptionMax = 60;

std::string Lines(const Operation& operation) {
  std::string text = std::to_string(operation.call_line) + "-";
  if (operation.answer_line != 0) text += std::to_string(operation.answer_line);
  return text;
}

std::string Shortened(std::string text) {
  if (text.size() > kDescriptionMax) text = text.substr(0, kDescriptionMax - 3) + "...";
  return text;
}

// Columns of text, each as wide as its widest.
class Table {
 public:
  void Add(std::vector<std::string> row) {
    widths_.resize(std::max(widths_.size(), row.size()));
    for (size_t i = 0; i < row.size(); i++) widths_[i] = std::max(widths_[i], row[i].size());
    rows_.push_back(std::move(row));
  }

  [[nodiscard]] std::string ToString() const {
    std::string text;
    for (const auto& row : rows_) {
      std::string line;
      for (size_t i = 0; i < row.size(); i++) {
        line += "  " + row[i];
        if (i + 1 < row.size()) line.append(widths_[i] - row[i].size(), ' ');
      }
      text += line + "\n";
    }
    return text;
  }

 private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> widths_;
};

class Axis {
 public:
  explicit Axis(std::span<const Operation> operations) {
    for (const Operation& operation : operations) {
      places_.push_back(operation.called);
      if (operation.answered != kNever) places_.push_back(operation.answered);
    }
    std::sort(places_.begin(), places_.end());
    places_.erase(std::unique(places_.begin(), places_.end()), places_.end());
    width_ = std::min(kWidthMax, places_.size() * 3);
  }

  [[nodiscard]] std::string Draw(const Operation& operation) const {
    const size_t first = ColumnOf(operation.called);
    const bool is_answered = operation.answered != kNever;
    const size_t last = is_answered ? std::max(ColumnOf(operation.answered), first + 1) : width_;
    std::string bar(first, ' ');
    bar += '|';
    bar.append(last - first - 1, '-');
    bar += is_answered ? '|' : '>';
    return bar;
  }

 private:
  [[nodiscard]] size_t ColumnOf(size_t place) const {
    const auto at = std::lower_bound(places_.begin(), places_.end(), place);
    return static_cast<size_t>(at - places_.begin()) * width_ / std::max<size_t>(1, places_.size());
  }

  std::vector<size_t> places_;
  size_t width_ = 0;
};

}  // namespace

std::string DrawTimeline(std::span<const Operation> operations, size_t shown_max) {
  std::string text;
  if (operations.size() > shown_max) {
    text = "  (" + std::to_string(operations.size() - shown_max) + " earlier operations)\n";
    operations = operations.last(shown_max);
  }
  const Axis axis(operations);
  Table table;
  table.Add({"process", "lines", "operation", "time"});
  for (const Operation& operation : operations) {
    table.Add({operation.process, Lines(operation), Shortened(operation.Describe()),
               axis.Draw(operation)});
  }
  return text + table.ToString();
}

}  // namespace keel::jepsen
