// Gives every watcher each change of its range exactly once, in the order of revisions, whole
// revisions at a time, from where it asked to begin; or says that the beginning is compacted.
//
// The hub keeps the newest revisions in one ring of bounded bytes, shared by all; a watcher is a
// range and the next revision that it must look at. Publishing finds the watchers that a change
// concerns and wakes those that sleep; they then pull. So a slow or blocked watcher costs the
// writer nothing and holds no memory: when what it needs has left the ring, its next Pull reads the
// revision index of a view instead, on the caller's thread, holding no lock and no iterator beyond
// the call, and the hand-over back to the ring is by that same next revision. Compaction is judged
// by the compacted revision of the very view that is read (etcd 15271, 17529, 18089).
//
// Threads: Publish and Reset belong to the apply role; the rest may be called from any thread, one
// Pull of a watcher at a time. NeedsDisk tells whether a Pull will read: those belong on the pool.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "kv/mvcc/read_view.h"
#include "kv/watch/interval_index.h"

namespace keel::kv {

using WatcherId = Name<struct WatcherIdTag>;

// Told when a sleeping watcher has something to pull. Called under the hub's lock: it may only post
// or set a flag.
class WatchListener {
 public:
  WatchListener() = default;
  WatchListener(const WatchListener&) = delete;
  WatchListener& operator=(const WatchListener&) = delete;
  virtual ~WatchListener() = default;
  virtual void OnReady(WatcherId watcher) = 0;
};

struct WatchRequest {
  KeyRange keys;
  Revision start;  // none: what comes next
  bool previous = false;
  bool without_puts = false;
  bool without_deletes = false;
};

// Ascending indexes, the first of which takes no room of its own: most revisions change one key.
class Picks {
 public:
  void Add(uint32_t index) {
    if (size_++ == 0) {
      first_ = index;
    } else {
      others_.push_back(index);
    }
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] uint32_t operator[](size_t at) const { return at == 0 ? first_ : others_[at - 1]; }

 private:
  uint32_t size_ = 0;
  uint32_t first_ = 0;
  std::vector<uint32_t> others_;
};

// The events of one revision that a watcher asked for.
struct WatchedRevision {
  std::shared_ptr<const RevisionEvents> revision;
  Picks picked;  // indexes into its events
  // One for each picked event where they were asked for: absent for creations and where compacted.
  std::vector<std::optional<KeyValue>> previous;
};

struct Pulled {
  std::vector<WatchedRevision> revisions;
  // The watcher cannot go on: it must begin at this revision or later.
  std::optional<Revision> compacted;
  // All that there is has been pulled: the listener is told of more. Else pull again.
  bool synced = false;
};

class WatchHub {
 public:
  struct Options {
    size_t ring_bytes_max = size_t{16} << 20;
  };
  // `current` is the store's revision.
  WatchHub(const Options& options, Revision current);

  void Publish(std::span<const std::shared_ptr<const RevisionEvents>> revisions);
  // The store was replaced, by a snapshot: the ring begins anew.
  void Reset(Revision current);

  // The listener outlives the watcher.
  [[nodiscard]] WatcherId Add(const WatchRequest& request, WatchListener* listener);
  void Remove(WatcherId watcher);

  // The next revisions of a watcher: at least one if there is one, then as many as come to
  // `bytes_max`. A view that is older than the ring bounds what is given.
  [[nodiscard]] Result<Pulled> Pull(WatcherId watcher, const ReadView& view, size_t bytes_max);
  [[nodiscard]] bool NeedsDisk(WatcherId watcher) const;

  struct Position {
    bool synced = false;
    Revision revision;  // every event of the watcher up to it has been pulled
  };
  // For progress notifications.
  [[nodiscard]] Position PositionOf(WatcherId watcher) const;

  [[nodiscard]] size_t ring_bytes() const;
  [[nodiscard]] size_t watcher_count() const;
  // Those among them that have something to look at which they have not pulled yet.
  [[nodiscard]] size_t behind_count() const;

 private:
  // What waking and pulling look at comes first, in one line of the processor's cache.
  struct alignas(64) Watcher {
    Revision next;  // the first revision not yet looked at
    Revision last;  // no later one concerns it; exact from the revision of its adding on
    WatchListener* listener = nullptr;
    bool asleep = false;  // nothing to look at: to be woken
    bool used = false;
    bool prefix = false;  // the request's range is all keys that begin as it does
    WatchRequest request;
  };

  // Wakes those whom the first of the revisions concern; how many revisions these were.
  [[nodiscard]] size_t WakeSome(std::span<const std::shared_ptr<const RevisionEvents>> revisions);
  void Wake(std::span<const IntervalIndex::Member> members, Revision revision);
  [[nodiscard]] Watcher& At(WatcherId watcher);
  [[nodiscard]] const Watcher& At(WatcherId watcher) const;
  [[nodiscard]] bool InRing(Revision next) const;
  void SetAsleep(Watcher* watcher, bool asleep);
  // From the ring, under the lock.
  void PullFromRing(Watcher* watcher, Revision upto, size_t bytes_max, Pulled* pulled);
  [[nodiscard]] Status PullFromView(const WatchRequest& request, const ReadView& view,
                                    size_t bytes_max, Revision* next, Pulled* pulled) const;

  const Options options_;
  mutable std::mutex mutex_;  // guards all below; never held over a read of the engine
  std::deque<std::shared_ptr<const RevisionEvents>> ring_;  // contiguous, up to current_
  size_t ring_bytes_ = 0;
  Revision current_;
  std::vector<Watcher> watchers_;
  std::vector<uint32_t> free_;
  size_t asleep_ = 0;
  IntervalIndex index_;
  std::vector<IntervalIndex::Member> found_;  // kept for its room
};

}  // namespace keel::kv
