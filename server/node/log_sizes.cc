#include "server/node/log_sizes.h"

#include <algorithm>

namespace keel::node {

LogSizes::LogSizes(const Start& start) {
  marks_.push_back({start.base, 0});
  if (start.last > start.base) marks_.push_back({start.last, start.size_bytes});
}

void LogSizes::Append(std::span<const raft::Entry> entries) {
  if (entries.empty()) return;
  const Index before = entries.front().index.Prev();
  if (before < marks_.back().index) {
    const uint64_t offset = OffsetAt(before);
    while (marks_.size() > 1 && marks_.back().index >= before) marks_.pop_back();
    marks_.push_back({before, offset});
  }
  for (const raft::Entry& entry : entries) {
    const Mark next{entry.index, marks_.back().offset + raft::CostBytes(entry)};
    const bool extends =
        marks_.size() > 1 && next.offset - marks_[marks_.size() - 2].offset <= kStepBytes;
    if (extends) {
      marks_.back() = next;
    } else {
      marks_.push_back(next);
    }
  }
}

void LogSizes::Reset(Index base) {
  marks_.clear();
  marks_.push_back({base, 0});
}

void LogSizes::CompactTo(Index base) {
  if (base <= marks_.front().index) return;
  const uint64_t offset = OffsetAt(base);
  while (!marks_.empty() && marks_.front().index <= base) marks_.pop_front();
  marks_.push_front({base, offset});
}

Index LogSizes::LowestKeeping(uint64_t size_bytes) const {
  const uint64_t end = marks_.back().offset;
  if (end - marks_.front().offset <= size_bytes) return marks_.front().index;
  const uint64_t offset = end - size_bytes;
  const auto high =
      std::lower_bound(marks_.begin(), marks_.end(), offset,
                       [](const Mark& mark, uint64_t at) { return mark.offset < at; });
  return Between(*(high - 1), *high, offset);
}

Index LogSizes::Between(const Mark& low, const Mark& high, uint64_t offset) {
  const uint64_t width = high.offset - low.offset;
  if (width == 0) return high.index;
  const double part = static_cast<double>(offset - low.offset) / static_cast<double>(width);
  // Rounded up: no more is kept than was asked for.
  const uint64_t steps =
      std::min(high.index - low.index,
               static_cast<uint64_t>(part * static_cast<double>(high.index - low.index)) + 1);
  return low.index + steps;
}

uint64_t LogSizes::OffsetAt(Index index) const {
  const auto high = std::lower_bound(marks_.begin(), marks_.end(), index,
                                     [](const Mark& mark, Index at) { return mark.index < at; });
  if (high == marks_.end()) return marks_.back().offset;
  if (high == marks_.begin()) return high->offset;
  const Mark& low = *(high - 1);
  const double part = static_cast<double>(index - low.index) /
                      static_cast<double>(std::max<uint64_t>(1, high->index - low.index));
  return low.offset + static_cast<uint64_t>(part * static_cast<double>(high->offset - low.offset));
}

}  // namespace keel::node
