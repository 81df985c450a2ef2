#include "tests/support/disk.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"

namespace keel::raft {

Disk::Disk(Vote vote, SnapshotMeta base, std::vector<Entry> entries)
    : vote_(vote), base_(std::move(base)), entries_(std::move(entries)) {}

std::optional<Term> Disk::TermAt(Index index) const {
  if (index == base_.last.index) return base_.last.term;
  if (index < base_.last.index || index > last()) return std::nullopt;
  return entries_[index - base_.last.index - 1].term;
}

std::string Disk::Defect() const {
  Position before = base_.last;
  for (const Entry& entry : entries_) {
    if (entry.index != before.index.Next()) {
      return "a gap in the log before entry " + std::to_string(entry.index.value());
    }
    if (entry.term < before.term) {
      return "the term falls at entry " + std::to_string(entry.index.value());
    }
    before = {entry.index, entry.term};
  }
  return before.term > vote_.term ? "the log holds a term after the vote's" : "";
}

Persist Disk::CompleteNext() {
  KEEL_CHECK(HasWaiting()) << "nothing was asked of the disk";
  Persist done = std::move(waiting_.front());
  waiting_.pop_front();
  if (done.vote.has_value()) vote_ = *done.vote;
  if (done.snapshot.has_value()) {
    const Index covered = done.snapshot->last.index;
    base_ = *done.snapshot;
    std::erase_if(entries_,
                  [&](const Entry& entry) { return !done.keeps_log || entry.index <= covered; });
  }
  WriteEntries(done.entries);
  return done;
}

void Disk::WriteEntries(const std::vector<Entry>& entries) {
  if (entries.empty()) return;
  const Index first = entries.front().index;
  KEEL_CHECK(first > base_.last.index && first <= last().Next()) << "a write leaves no gap";
  const auto at = entries_.begin() + static_cast<ptrdiff_t>(first - base_.last.index - 1);
  if (KEEL_MUTANT(kTailNotTruncated9)) {
    const size_t overwritten = std::min<size_t>(entries.size(), entries_.end() - at);
    std::copy_n(entries.begin(), overwritten, at);
    entries_.insert(entries_.end(), entries.begin() + static_cast<ptrdiff_t>(overwritten),
                    entries.end());
    return;
  }
  entries_.erase(at, entries_.end());
  entries_.insert(entries_.end(), entries.begin(), entries.end());
}

void Disk::CompactTo(const SnapshotMeta& base) {
  KEEL_CHECK(base.last.index <= last()) << "what is compacted is durable";
  if (base.last.index <= base_.last.index) return;
  std::erase_if(entries_, [&](const Entry& entry) { return entry.index <= base.last.index; });
  base_ = base;
}

void Disk::LoseEntriesFrom(Index from) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.index >= from; });
}

Restored Disk::Restore(Index applied, bool damaged, size_t cache_bytes_max) const {
  Restored past(base_);
  for (const Entry& entry : entries_) past.Add(entry, cache_bytes_max);
  past.vote = vote_;
  past.applied = applied;
  past.damaged = damaged;
  return past;
}

std::vector<Entry> Disk::Read(Index first, size_t size_bytes_max) const {
  std::vector<Entry> entries;
  if (first <= base_.last.index || first > last()) return entries;
  size_t size_bytes = 0;
  for (size_t i = first - base_.last.index - 1; i < entries_.size(); ++i) {
    size_bytes += CostBytes(entries_[i]);
    if (size_bytes > size_bytes_max && !entries.empty()) break;
    entries.push_back(entries_[i]);
  }
  return entries;
}

}  // namespace keel::raft
