#include "server/api/key_follower.h"

#include <utility>

namespace keel::api {

namespace {

constexpr size_t kPullBytesMax = size_t{16} << 10;

}  // namespace

void KeyFollower::Await(const kv::WatchRequest& request) {
  Stop();
  watcher_ = center_->Add(request, this, ++number_);
  // It may have happened already: the first look comes as a later task, as every other.
  center_->OnReady(watcher_);
}

void KeyFollower::Stop() {
  if (!watcher_.IsNone()) center_->Drop(watcher_);
  watcher_ = kv::WatcherId();
  pulling_ = false;
  ready_ = false;
}

void KeyFollower::OnReady(int64_t watch_id) { ready_ |= watch_id == number_; }

void KeyFollower::Pump() {
  while (ready_ && !pulling_ && !watcher_.IsNone()) {
    ready_ = false;
    if (center_->hub().NeedsDisk(watcher_)) {
      pulling_ = true;
      return center_->PullOnPool(watcher_, kPullBytesMax);
    }
    Judge(center_->hub().Pull(watcher_, *center_->core()->view(), kPullBytesMax));
  }
}

void KeyFollower::OnPulled(int64_t watch_id, Result<kv::Pulled> pulled) {
  if (watch_id != number_ || watcher_.IsNone()) return;
  pulling_ = false;
  Judge(pulled);
}

void KeyFollower::Judge(const Result<kv::Pulled>& pulled) {
  // A disk that fails shows at the next look as well.
  const bool changed = !pulled.ok() || !pulled->revisions.empty() || pulled->compacted.has_value();
  if (!changed) {
    ready_ = !pulled->synced;
    return;
  }
  Stop();
  on_change_();
}

}  // namespace keel::api
