#include "wal/log_map.h"

#include <algorithm>

#include "base/check.h"
#include "base/mutant.h"

namespace keel::wal {

namespace {

constexpr uint64_t kWaypointBytes = 64 * 1024;

constexpr auto kByIndex = [](Index index, const auto& element) { return index < element.index; };

}  // namespace

LogMap::LogMap(const Start& start) : base_(start.base), last_(start.last) {
  runs_.push_back(base_);
  if (last_.index > base_.index) runs_.push_back(last_);
}

void LogMap::CutFrom(Index index) {
  while (!waypoints_.empty() && waypoints_.back().index >= index) waypoints_.pop_back();
  while (runs_.size() > 1 && runs_.back().index >= index) runs_.pop_back();
  goes_on_ = false;
}

void LogMap::Append(const Position& at, const Place& place) {
  KEEL_CHECK(at.index > base_.index && at.index <= last_.index.Next())
      << "entry " << at.index.value() << " after " << last_.index.value();
  if (KEEL_MUTANT(kWalTailKept9) && at.index < last_.index) return;
  if (at.index <= last_.index) CutFrom(at.index);
  const bool goes_on = goes_on_ && sequence_ == place.sequence;
  if (!goes_on || place.offset - waypoints_.back().offset >= kWaypointBytes) {
    waypoints_.push_back({at.index, place.sequence, place.offset, place.checksum, goes_on});
  }
  if (runs_.back().term != at.term || runs_.back().index > at.index) runs_.push_back(at);
  last_ = at;
  goes_on_ = true;
  sequence_ = place.sequence;
}

void LogMap::SetBase(const Position& base) {
  base_ = base;
  if (last_.index <= base.index) {
    last_ = base;
    runs_.assign(1, base);
    waypoints_.clear();
    goes_on_ = false;
    return;
  }
  while (runs_.size() > 1 && runs_[1].index <= base.index) runs_.pop_front();
  runs_.front().index = base.index;
  // The run that the base lies in may begin with another term only where a run begins.
  if (runs_.front().term != base.term) {
    if (runs_.size() == 1 || runs_[1].index != base.index.Next()) {
      runs_.push_front(base);
      runs_[1].index = base.index.Next();
    } else {
      runs_.front().term = base.term;
    }
  }
  while (waypoints_.size() > 1 && waypoints_[1].index <= base.index.Next()) waypoints_.pop_front();
}

std::optional<Term> LogMap::TermAt(Index index) const {
  if (index < base_.index || index > last_.index) return std::nullopt;
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), index, kByIndex);
  return after == runs_.begin() ? base_.term : std::prev(after)->term;
}

std::vector<Waypoint> LogMap::Route(const Range& range) const {
  auto from = std::upper_bound(waypoints_.begin(), waypoints_.end(), range.first, kByIndex);
  KEEL_CHECK(from != waypoints_.begin()) << range.first.value() << " is not on the map";
  const auto to = std::upper_bound(from, waypoints_.end(), range.last, kByIndex);
  return {std::prev(from), to};
}

}  // namespace keel::wal
