#include "tests/wal/log_contents.h"

#include <algorithm>
#include <utility>

namespace keel::wal {

Position LogContents::Last() const {
  if (entries.empty()) return base;
  return {entries.back().index, entries.back().term};
}

void LogContents::Put(StoredEntry entry) {
  while (!entries.empty() && entries.back().index >= entry.index) entries.pop_back();
  entries.push_back(std::move(entry));
}

void LogContents::DropTo(const Position& to) {
  const auto kept = std::find_if(entries.begin(), entries.end(),
                                 [&to](const auto& entry) { return entry.index > to.index; });
  entries.erase(entries.begin(), kept);
  base = to;
}

std::string LogContents::ToString() const {
  std::string text =
      "base " + std::to_string(base.index.value()) + "/" + std::to_string(base.term.value()) + ", ";
  if (entries.empty()) return text + "no entries";
  return text + std::to_string(entries.front().index.value()) + ".." +
         std::to_string(entries.back().index.value()) + " (" + std::to_string(entries.size()) +
         " entries, last term " + std::to_string(entries.back().term.value()) + ")";
}

Status Collector::OnEntry(const EntryView& entry) {
  contents_.Put({.term = entry.term,
                 .index = entry.index,
                 .kind = entry.kind,
                 .payload = std::string(entry.payload)});
  return {};
}

}  // namespace keel::wal
