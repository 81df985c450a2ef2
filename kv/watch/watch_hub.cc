#include "kv/watch/watch_hub.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"

namespace keel::kv {

namespace {

constexpr size_t kEventOverheadBytes = sizeof(Event);

// What is woken for at a time.
constexpr size_t kRoundRevisions = 16;
constexpr size_t kRoundMembers = 1'024;
// Of a revision's events and of those whom it concerns; further ones follow one another in memory.
constexpr size_t kPrefetchedMax = 8;

size_t CostBytes(const RevisionEvents& revision) {
  size_t bytes = sizeof(RevisionEvents);
  for (const Event& event : revision.events) {
    bytes += kEventOverheadBytes + event.kv.key.size() + event.kv.value.size();
  }
  return bytes;
}

bool Wanted(const WatchRequest& request, bool prefix, const Event& event) {
  const bool unwanted_kind =
      event.kind == EventKind::kPut ? request.without_puts : request.without_deletes;
  if (unwanted_kind) return false;
  return prefix ? event.kv.key.starts_with(request.keys.begin)
                : request.keys.Contains(event.kv.key);
}

// Appends what the watcher wants of a revision; the bytes that it comes to.
size_t Pick(const WatchRequest& request, bool prefix,
            const std::shared_ptr<const RevisionEvents>& revision, Pulled* pulled) {
  Picks picked;
  size_t bytes = 0;
  for (uint32_t i = 0; i < revision->events.size(); ++i) {
    const Event& event = revision->events[i];
    if (!Wanted(request, prefix, event)) continue;
    picked.Add(i);
    bytes += event.kv.key.size() + event.kv.value.size();
  }
  if (picked.empty()) return 0;
  pulled->revisions.push_back({.revision = revision, .picked = std::move(picked), .previous = {}});
  return bytes;
}

Status FillPrevious(const ReadView& view, Pulled* pulled) {
  for (WatchedRevision& watched : pulled->revisions) {
    for (size_t i = 0; i < watched.picked.size(); ++i) {
      const Event& event = watched.revision->events[watched.picked[i]];
      std::optional<KeyValue> previous;
      // Decided by revision, not by what compaction has got round to removing.
      if (!event.previous.IsNone() && event.kv.mod.Prev() >= view.compacted()) {
        KEEL_ASSIGN_OR_RETURN(previous, view.VersionAt(event.kv.key, event.previous));
      }
      watched.previous.push_back(std::move(previous));
    }
  }
  return Status::Ok();
}

}  // namespace

WatchHub::WatchHub(const Options& options, Revision current)
    : options_(options), current_(current) {}

void WatchHub::Reset(Revision current) {
  const std::lock_guard lock(mutex_);
  ring_.clear();
  ring_bytes_ = 0;
  current_ = current;
  // Whoever slept may have missed what the snapshot brought.
  for (uint32_t i = 0; i < watchers_.size(); ++i) {
    Watcher& watcher = watchers_[i];
    if (!watcher.used) continue;
    watcher.last = current;
    if (!watcher.asleep) continue;
    SetAsleep(&watcher, false);
    watcher.listener->OnReady(WatcherId(i + 1));
  }
}

void WatchHub::Publish(std::span<const std::shared_ptr<const RevisionEvents>> revisions) {
  const std::lock_guard lock(mutex_);
  for (size_t at = 0; at < revisions.size();) at += WakeSome(revisions.subspan(at));
  for (const auto& revision : revisions) {
    KEEL_CHECK(revision->revision == current_.Next())
        << "revision " << revision->revision.value() << " after " << current_.value();
    current_ = revision->revision;
    ring_.push_back(revision);
    ring_bytes_ += CostBytes(*revision);
  }
  while (ring_bytes_ > options_.ring_bytes_max && !ring_.empty()) {
    ring_bytes_ -= CostBytes(*ring_.front());
    ring_.pop_front();
  }
}

// In rounds over some revisions rather than one by one: what a round looks at is fetched by the one
// before it, or every revision waits for the memory of a few places that no other one touches.
size_t WatchHub::WakeSome(std::span<const std::shared_ptr<const RevisionEvents>> revisions) {
  const size_t count = std::min(revisions.size(), kRoundRevisions);
  for (size_t i = 0; i < count; ++i) {
    const std::vector<Event>& events = revisions[i]->events;
    for (size_t j = 0; j < std::min(events.size(), kPrefetchedMax); ++j) {
      index_.Prefetch(events[j].kv.key);
    }
  }
  found_.clear();
  size_t ends[kRoundRevisions] = {};
  size_t done = 0;
  // What concerns a crowd ends its round, or many of them would come to much memory.
  for (; done < count && found_.size() < kRoundMembers; ++done) {
    const size_t from = found_.size();
    for (const Event& event : revisions[done]->events) index_.Find(event.kv.key, &found_);
    ends[done] = found_.size();
    for (size_t j = from; j < std::min(found_.size(), from + kPrefetchedMax); ++j) {
      __builtin_prefetch(&watchers_[found_[j]], 1);
    }
  }
  const std::span<const IntervalIndex::Member> found(found_);
  for (size_t i = 0; i < done; ++i) {
    const size_t from = i == 0 ? 0 : ends[i - 1];
    Wake(found.subspan(from, ends[i] - from), revisions[i]->revision);
  }
  return done;
}

void WatchHub::Wake(std::span<const IntervalIndex::Member> members, Revision revision) {
  for (const IntervalIndex::Member member : members) {
    Watcher& watcher = watchers_[member];
    watcher.last = revision;
    if (!watcher.asleep || revision < watcher.next) continue;
    // All before it was not the watcher's: there is no need to look there.
    watcher.next = revision;
    SetAsleep(&watcher, false);
    watcher.listener->OnReady(WatcherId(member + 1));
  }
}

WatchHub::Watcher& WatchHub::At(WatcherId watcher) {
  KEEL_CHECK(watcher.value() - 1 < watchers_.size() && watchers_[watcher.value() - 1].used)
      << "no watcher " << watcher.value();
  return watchers_[watcher.value() - 1];
}

const WatchHub::Watcher& WatchHub::At(WatcherId watcher) const {
  return const_cast<WatchHub*>(this)->At(watcher);
}

WatcherId WatchHub::Add(const WatchRequest& request, WatchListener* listener) {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(watchers_.size()));
    watchers_.emplace_back();
  }
  const uint32_t slot = free_.back();
  free_.pop_back();
  Watcher& watcher = watchers_[slot];
  watcher = Watcher{.listener = listener,
                    .used = true,
                    .prefix = request.keys == PrefixRange(request.keys.begin),
                    .request = request};
  watcher.next = request.start.IsNone() ? current_.Next() : request.start;
  watcher.last = current_;
  SetAsleep(&watcher, watcher.next > current_);
  index_.Add(request.keys, slot);
  return WatcherId(uint64_t{slot} + 1);
}

void WatchHub::Remove(WatcherId id) {
  const std::lock_guard lock(mutex_);
  Watcher& watcher = At(id);
  const auto slot = static_cast<uint32_t>(id.value() - 1);
  index_.Remove(watcher.request.keys, slot);
  SetAsleep(&watcher, false);
  watcher = Watcher();
  free_.push_back(slot);
}

bool WatchHub::InRing(Revision next) const {
  return next > current_ || (!ring_.empty() && next >= ring_.front()->revision);
}

void WatchHub::SetAsleep(Watcher* watcher, bool asleep) {
  if (watcher->asleep == asleep) return;
  watcher->asleep = asleep;
  asleep ? ++asleep_ : --asleep_;
}

bool WatchHub::NeedsDisk(WatcherId watcher) const {
  const std::lock_guard lock(mutex_);
  const Watcher& at = At(watcher);
  return at.request.previous || !InRing(at.next);
}

void WatchHub::PullFromRing(Watcher* watcher, Revision upto, size_t bytes_max, Pulled* pulled) {
  const Revision end = std::min(upto, current_);
  const Revision last = std::min(end, watcher->last);
  size_t bytes = 0;
  while (watcher->next <= last && (pulled->revisions.empty() || bytes < bytes_max)) {
    const auto& revision = ring_[watcher->next - ring_.front()->revision];
    bytes += Pick(watcher->request, watcher->prefix, revision, pulled);
    watcher->next = watcher->next.Next();
  }
  // Behind the last that concerns it there is nothing to look at, however much was published.
  if (watcher->next > last) watcher->next = std::max(watcher->next, end.Next());
  SetAsleep(watcher, watcher->next > current_);
  pulled->synced = watcher->asleep;
}

Status WatchHub::PullFromView(const WatchRequest& request, const ReadView& view, size_t bytes_max,
                              Revision* next, Pulled* pulled) const {
  if (*next < view.compacted()) {
    pulled->compacted = view.compacted();
    return Status::Ok();
  }
  std::vector<RevisionEvents> found;
  KEEL_RETURN_IF_ERROR(view.ReadRevisions(*next, bytes_max, request.keys, &found, next));
  for (RevisionEvents& revision : found) {
    Pick(request, false, std::make_shared<const RevisionEvents>(std::move(revision)), pulled);
  }
  return Status::Ok();
}

Result<Pulled> WatchHub::Pull(WatcherId id, const ReadView& view, size_t bytes_max) {
  Pulled pulled;
  WatchRequest request;
  Revision next;
  bool from_ring = false;
  {
    const std::lock_guard lock(mutex_);
    Watcher& watcher = At(id);
    if (KEEL_MUTANT(kWatchGap48) && !ring_.empty()) {
      watcher.next = std::max(watcher.next, ring_.front()->revision);
    }
    from_ring = InRing(watcher.next);
    if (from_ring) PullFromRing(&watcher, view.revision(), bytes_max, &pulled);
    if (from_ring && !watcher.request.previous) return pulled;
    request = watcher.request;
    next = watcher.next;
  }
  if (!from_ring) {
    KEEL_RETURN_IF_ERROR(PullFromView(request, view, bytes_max, &next, &pulled));
    const std::lock_guard lock(mutex_);
    Watcher& watcher = At(id);
    watcher.next = KEEL_MUTANT(kWatchTwice48) ? next.Prev() : next;
    SetAsleep(&watcher, !pulled.compacted.has_value() && watcher.next > current_);
    pulled.synced = watcher.asleep;
  }
  if (request.previous) KEEL_RETURN_IF_ERROR(FillPrevious(view, &pulled));
  return pulled;
}

WatchHub::Position WatchHub::PositionOf(WatcherId watcher) const {
  const std::lock_guard lock(mutex_);
  const Watcher& at = At(watcher);
  return {.synced = at.asleep, .revision = at.asleep ? current_ : at.next.Prev()};
}

size_t WatchHub::ring_bytes() const {
  const std::lock_guard lock(mutex_);
  return ring_bytes_;
}

size_t WatchHub::watcher_count() const {
  const std::lock_guard lock(mutex_);
  return watchers_.size() - free_.size();
}

size_t WatchHub::behind_count() const {
  const std::lock_guard lock(mutex_);
  return watchers_.size() - free_.size() - asleep_;
}

}  // namespace keel::kv
