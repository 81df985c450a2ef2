#include "raft/log.h"

#include <algorithm>

#include "base/check.h"
#include "base/mutant.h"

namespace keel::raft {

std::optional<Term> Log::TermAt(Index index) const {
  if (index == last_.index) return last_.term;
  if (index == base_.index) return base_.term;
  if (index < base_.index || index > last_.index) return std::nullopt;
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), index,
                                      [](Index i, const TermRun& run) { return i < run.first; });
  return std::prev(after)->term;
}

bool Log::Matches(Position position) const { return TermAt(position.index) == position.term; }

Position Log::LastAtOrBelow(Index index, Term term) const {
  if (index <= base_.index) return base_;
  Index upto = std::min(index, last_.index);
  for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
    if (run->first > upto) continue;
    if (run->term <= term) return {upto, run->term};
    upto = run->first.Prev();
  }
  return base_;
}

void Log::Append(Entry entry) {
  KEEL_CHECK(entry.index == last_.index.Next()) << "the log has no gaps";
  KEEL_CHECK(entry.term >= last_.term) << "terms never fall along the log";
  if (runs_.empty() || runs_.back().term != entry.term) runs_.push_back({entry.index, entry.term});
  last_ = {entry.index, entry.term};
  cached_bytes_ += CostBytes(entry);
  cache_.push_back(std::move(entry));
}

void Log::TruncateFrom(Index from) {
  KEEL_CHECK(from > base_.index) << "what the base covers is committed";
  if (from > last_.index) return;
  const Term term_before = *TermAt(from.Prev());
  while (!cache_.empty() && cache_.back().index >= from) {
    cached_bytes_ -= CostBytes(cache_.back());
    cache_.pop_back();
  }
  while (!runs_.empty() && runs_.back().first >= from) runs_.pop_back();
  last_ = {from.Prev(), term_before};
  cached_from_ = std::min(cached_from_, from);
}

void Log::CompactTo(Index index) {
  KEEL_CHECK(index >= base_.index && index <= last_.index) << "compaction stays inside the log";
  base_ = {index, *TermAt(index)};
  while (!cache_.empty() && cache_.front().index <= index) DropFront();
  cached_from_ = std::max(cached_from_, index.Next());
  while (runs_.size() > 1 && runs_[1].first <= index.Next()) runs_.pop_front();
  if (runs_.empty()) return;
  if (index == last_.index) {
    runs_.clear();
  } else {
    runs_.front().first = std::max(runs_.front().first, index.Next());
  }
}

void Log::Reset(Position base) { *this = Log(base); }

const Entry& Log::At(Index index) const {
  KEEL_CHECK(IsCached(index)) << "the entry was evicted; ask for it";
  return cache_[index - cached_from_];
}

size_t Log::Slice(Index from, Index to, size_t bytes_max, std::vector<Entry>* out) const {
  KEEL_CHECK(IsCached(from)) << "the entry was evicted; ask for it";
  const size_t begin = from - cached_from_;
  const size_t end = std::min(to, last_.index) - cached_from_ + 1;
  size_t bytes = 0;
  for (size_t i = begin; i < end; ++i) {
    const size_t cost = CostBytes(cache_[i]);
    // The first that does not fit ends the slice: a smaller one behind it would leave a gap
    // (logcabin 160).
    if (bytes + cost > bytes_max && i > begin) {
      if (KEEL_MUTANT(kGapNearSizeLimit11)) continue;
      break;
    }
    bytes += cost;
    out->push_back(cache_[i]);
  }
  return bytes;
}

void Log::Evict(Index upto, size_t bytes_max) {
  while (cached_bytes_ > bytes_max && !cache_.empty() && cache_.front().index <= upto) DropFront();
}

void Log::DropFront() {
  cached_bytes_ -= CostBytes(cache_.front());
  cache_.pop_front();
  cached_from_ = cached_from_.Next();
}

}  // namespace keel::raft
