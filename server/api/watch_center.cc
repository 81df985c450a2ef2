#include "server/api/watch_center.h"

#include <algorithm>
#include <utility>

namespace keel::api {

WatchCenter::WatchCenter(CorePtr core)
    : core_(std::move(core)), encoder_({.fragment_bytes = core_->options().max_request_bytes}) {}

// Whoever pulls holds the center, so nobody does.
WatchCenter::~WatchCenter() {
  for (const auto& [watcher, entry] : entries_) hub().Remove(watcher);
}

kv::WatcherId WatchCenter::Add(const kv::WatchRequest& request, WatchTarget* target,
                               int64_t watch_id) {
  const kv::WatcherId watcher = hub().Add(request, this);
  entries_[watcher] = {.target = target, .watch_id = watch_id};
  return watcher;
}

void WatchCenter::Drop(kv::WatcherId watcher) {
  const auto found = entries_.find(watcher);
  if (found->second.pulling) {
    found->second.target = nullptr;
    return;
  }
  hub().Remove(watcher);
  entries_.erase(found);
}

void WatchCenter::OnReady(kv::WatcherId watcher) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = ready_.empty();
    ready_.push_back(watcher);
  }
  if (!first) return;
  core_->ToTransport([weak = weak_from_this()] {
    if (const auto self = weak.lock(); self != nullptr) self->Wake();
  });
}

void WatchCenter::Wake() {
  std::vector<kv::WatcherId> ready;
  {
    const std::lock_guard lock(mutex_);
    ready.swap(ready_);
  }
  std::vector<WatchTarget*> targets;
  for (const kv::WatcherId watcher : ready) {
    // One that was given up meanwhile, and perhaps its number is another's: a pull too many.
    const auto found = entries_.find(watcher);
    if (found == entries_.end() || found->second.target == nullptr) continue;
    found->second.target->OnReady(found->second.watch_id);
    if (targets.empty() || targets.back() != found->second.target) {
      targets.push_back(found->second.target);
    }
  }
  std::sort(targets.begin(), targets.end());
  targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  // A transport destroys no handler inside a handler's write: all of them are still there.
  for (WatchTarget* target : targets) target->Pump();
}

void WatchCenter::PullOnPool(kv::WatcherId watcher, size_t bytes_max) {
  entries_.at(watcher).pulling = true;
  core_->pool().Post([self = shared_from_this(), watcher, bytes_max] {
    auto pulled = std::make_unique<Result<kv::Pulled>>(
        self->hub().Pull(watcher, *self->core_->view(), bytes_max));
    Core* const core = self->core_.get();
    core->ToTransport([self, watcher, pulled = std::move(pulled)] {
      self->FinishPull(watcher, std::move(*pulled));
    });
  });
}

void WatchCenter::FinishPull(kv::WatcherId watcher, Result<kv::Pulled> pulled) {
  Entry& entry = entries_.at(watcher);
  entry.pulling = false;
  if (entry.target == nullptr) return Drop(watcher);
  WatchTarget* const target = entry.target;
  target->OnPulled(entry.watch_id, std::move(pulled));
  target->Pump();
}

}  // namespace keel::api
