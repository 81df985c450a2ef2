#include "server/node/log_reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"

namespace keel::node {

Status LogReader::OnEntry(const wal::EntryView& view) {
  if (view.kind > static_cast<uint8_t>(raft::EntryKind::kConfig)) {
    return FailedPrecondition(
        "entry " + std::to_string(view.index.value()) +
        " in the log is of a kind that this Keel does not know: run the newer "
        "one that wrote it");
  }
  raft::Entry entry{.term = view.term,
                    .index = view.index,
                    .kind = static_cast<raft::EntryKind>(view.kind),
                    .payload = Payload::Of(std::string(view.payload))};
  const bool is_apart = entry.index <= log_.base().index || entry.index > log_.last().index.Next();
  if (is_apart) log_.Reset({entry.index.Prev(), Term()});
  if (entry.index <= log_.last().index) log_.TruncateFrom(entry.index);
  configs_.erase(configs_.lower_bound(entry.index), configs_.end());
  if (entry.kind == raft::EntryKind::kConfig) configs_.emplace(entry.index, entry);
  log_.Append(std::move(entry));
  log_.Evict(log_.last().index, cache_bytes_max_);
  return {};
}

void LogReader::OnBase(const wal::Position& base) {
  base_ = {base.index, base.term};
  if (base.index > log_.last().index) {
    log_.Reset(base_);
  } else if (base.index > log_.base().index) {
    log_.CompactTo(base.index);
  }
  configs_.erase(configs_.begin(), configs_.upper_bound(base.index));
}

void LogReader::OnCleared(const wal::Position& base) {
  base_ = {base.index, base.term};
  log_.Reset(base_);
  configs_.clear();
}

raft::Restored LogReader::Finish(std::shared_ptr<const raft::Config> config) const {
  KEEL_CHECK(log_.base().index == base_.index) << "a log begins behind its base";
  raft::Restored restored({.last = base_, .config = std::move(config)});
  for (Index index = log_.first(); index <= log_.last().index; index = index.Next()) {
    if (log_.IsCached(index)) {
      restored.Add(log_.At(index), cache_bytes_max_);
      continue;
    }
    // Too old for memory: its place and term count, and it is read from the disk when it is wanted.
    const auto config_entry = configs_.find(index);
    raft::Entry entry{.term = *log_.TermAt(index), .index = index};
    if (config_entry != configs_.end()) entry = config_entry->second;
    restored.Add(std::move(entry), 0);
  }
  return restored;
}

}  // namespace keel::node
