#include "kv/watch/watch_hub.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"

namespace keel::kv {

namespace {

constexpr size_t kEventOverheadBytes = sizeof(Event);

size_t CostBytes(const RevisionEvents& revision) {
  size_t bytes = sizeof(RevisionEvents);
  for (const Event& event : revision.events) {
    bytes += kEventOverheadBytes + event.kv.key.size() + event.kv.value.size();
  }
  return bytes;
}

bool Wanted(const WatchRequest& request, const Event& event) {
  const bool unwanted_kind =
      event.kind == EventKind::kPut ? request.without_puts : request.without_deletes;
  return !unwanted_kind && request.keys.Contains(event.kv.key);
}

// Appends what the watcher wants of a revision; the bytes that it comes to.
size_t Pick(const WatchRequest& request, const std::shared_ptr<const RevisionEvents>& revision,
            Pulled* pulled) {
  WatchedRevision watched;
  size_t bytes = 0;
  for (uint32_t i = 0; i < revision->events.size(); ++i) {
    const Event& event = revision->events[i];
    if (!Wanted(request, event)) continue;
    watched.picked.push_back(i);
    bytes += event.kv.key.size() + event.kv.value.size();
  }
  if (watched.picked.empty()) return 0;
  watched.revision = revision;
  pulled->revisions.push_back(std::move(watched));
  return bytes;
}

Status FillPrevious(const ReadView& view, Pulled* pulled) {
  for (WatchedRevision& watched : pulled->revisions) {
    for (const uint32_t i : watched.picked) {
      const Event& event = watched.revision->events[i];
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
    watcher.asleep = false;
    watcher.listener->OnReady(WatcherId(i + 1));
  }
}

void WatchHub::Publish(std::span<const std::shared_ptr<const RevisionEvents>> revisions) {
  const std::lock_guard lock(mutex_);
  for (const auto& revision : revisions) {
    KEEL_CHECK(revision->revision == current_.Next())
        << "revision " << revision->revision.value() << " after " << current_.value();
    current_ = revision->revision;
    ring_.push_back(revision);
    ring_bytes_ += CostBytes(*revision);
    Wake(*revision);
  }
  while (ring_bytes_ > options_.ring_bytes_max && !ring_.empty()) {
    ring_bytes_ -= CostBytes(*ring_.front());
    ring_.pop_front();
  }
}

void WatchHub::Wake(const RevisionEvents& revision) {
  found_.clear();
  for (const Event& event : revision.events) index_.Find(event.kv.key, &found_);
  for (const IntervalIndex::Member member : found_) {
    Watcher& watcher = watchers_[member];
    watcher.last = revision.revision;
    if (!watcher.asleep || revision.revision < watcher.next) continue;
    // All before it was not the watcher's: there is no need to look there.
    watcher.next = revision.revision;
    watcher.asleep = false;
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
  watcher = Watcher{.request = request, .listener = listener, .used = true};
  watcher.next = request.start.IsNone() ? current_.Next() : request.start;
  watcher.last = current_;
  watcher.asleep = watcher.next > current_;
  index_.Add(request.keys, slot);
  return WatcherId(uint64_t{slot} + 1);
}

void WatchHub::Remove(WatcherId id) {
  const std::lock_guard lock(mutex_);
  Watcher& watcher = At(id);
  const auto slot = static_cast<uint32_t>(id.value() - 1);
  index_.Remove(watcher.request.keys, slot);
  watcher = Watcher();
  free_.push_back(slot);
}

bool WatchHub::InRing(Revision next) const {
  return next > current_ || (!ring_.empty() && next >= ring_.front()->revision);
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
    bytes += Pick(watcher->request, ring_[watcher->next - ring_.front()->revision], pulled);
    watcher->next = watcher->next.Next();
  }
  // Behind the last that concerns it there is nothing to look at, however much was published.
  if (watcher->next > last) watcher->next = std::max(watcher->next, end.Next());
  watcher->asleep = watcher->next > current_;
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
    Pick(request, std::make_shared<const RevisionEvents>(std::move(revision)), pulled);
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
    watcher.asleep = !pulled.compacted.has_value() && watcher.next > current_;
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

}  // namespace keel::kv
