#include "server/api/watch_stream.h"

#include <algorithm>
#include <utility>

#include "net/services/proto_call.h"

namespace keel::api {

namespace pb = etcdserverpb;

namespace {

// In one response, unless a single revision has more.
constexpr size_t kPullBytesMax = size_t{128} << 10;
// Then others get their turn at the transport.
constexpr int kPullsInARowMax = 512;
constexpr size_t kWatchersMax = 1'000'000;
// In answers that speak of no watcher.
constexpr int64_t kNobody = -1;

}  // namespace

WatchStream::WatchStream(std::shared_ptr<WatchCenter> center, net::ServerCall call,
                         bool requires_leader)
    : center_(std::move(center)),
      core_(center_->core()),
      call_(call),
      requires_leader_(requires_leader) {
  core_->Add(this);
  ++core_->counts().watch_streams;
}

WatchStream::~WatchStream() {
  core_->Remove(this);
  --core_->counts().watch_streams;
  for (auto& [id, watcher] : watchers_) center_->Drop(watcher.hub);
  *alive_ = false;
}

// ---- what the client asks ----

net::Flow WatchStream::OnMessage(std::string_view bytes) {
  const auto request = net::ParseMessage<pb::WatchRequest>(bytes);
  if (!request.ok()) {
    End(request.status());
    return net::Flow::kPause;
  }
  switch (request->request_union_case()) {
    case pb::WatchRequest::kCreateRequest:
      Create(request->create_request());
      break;
    case pb::WatchRequest::kCancelRequest:
      Cancel(request->cancel_request().watch_id());
      break;
    case pb::WatchRequest::kProgressRequest:
      progress_wanted_ = true;
      break;
    case pb::WatchRequest::REQUEST_UNION_NOT_SET:
      break;
  }
  Pump();
  // Its own answers wait for it to read: so do its questions.
  reads_paused_ = !outbox_.empty();
  return reads_paused_ ? net::Flow::kPause : net::Flow::kMore;
}

void WatchStream::Create(const pb::WatchCreateRequest& request) {
  kv::WatchRequest wanted{.keys = {.begin = request.key(), .end = request.range_end()},
                          .previous = request.prev_kv()};
  if (wanted.keys.begin.empty()) wanted.keys.begin.assign(1, '\0');
  const kv::KeyRange& keys = wanted.keys;
  if (!keys.IsSingle() && !keys.IsOpen() && keys.end <= keys.begin) {
    return Refuse("mvcc: watcher range is empty");
  }
  int64_t id = request.watch_id();
  if (id == 0) {
    while (watchers_.contains(next_id_)) ++next_id_;
    id = next_id_++;
  } else if (watchers_.contains(id)) {
    return Refuse("mvcc: duplicate watch ID provided on the WatchStream");
  }
  if (watchers_.size() >= kWatchersMax) return Refuse("too many watchers on the stream");
  for (const int filter : request.filters()) {
    wanted.without_puts |= filter == pb::WatchCreateRequest::NOPUT;
    wanted.without_deletes |= filter == pb::WatchCreateRequest::NODELETE;
  }
  // "From now on" begins behind the revision that the answer names.
  const ViewPtr view = core_->view();
  const Revision now = view->revision();
  const int64_t start = request.start_revision();
  wanted.start = start > 0 ? Revision(static_cast<uint64_t>(start)) : now.Next();
  pb::WatchResponse created = Head(id, now);
  created.set_created(true);
  Send(created);
  // What is compacted is gone for who begins now, even where this member still has it.
  // What is below zero is older than that, and means nothing where nothing is compacted, as in
  // etcd.
  const bool is_before_all = start < 0 && !view->compacted().IsNone();
  if (is_before_all || wanted.start < view->compacted()) {
    return TellCompacted(id, view->compacted());
  }
  Watcher& watcher = watchers_[id];
  watcher.start = wanted.start;
  watcher.progress_notify = request.progress_notify();
  watcher.fragment = request.fragment();
  watcher.hub = center_->Add(wanted, this, id);
  if (watcher.start <= now) Enqueue(id, &watcher);
  // It may have been added behind what it should have been woken for.
  if (watcher.start > now && !center_->hub().PositionOf(watcher.hub).synced) {
    Enqueue(id, &watcher);
  }
  if (watcher.progress_notify) TickLater();
}

void WatchStream::TellCompacted(int64_t watch_id, Revision compacted) {
  pb::WatchResponse canceled = Head(watch_id, core_->view()->revision());
  canceled.set_canceled(true);
  canceled.set_compact_revision(static_cast<int64_t>(compacted.value()));
  Send(canceled);
}

void WatchStream::Refuse(const char* why) {
  pb::WatchResponse refused = Head(kNobody, core_->view()->revision());
  refused.set_created(true);
  refused.set_canceled(true);
  refused.set_cancel_reason(why);
  Send(refused);
}

void WatchStream::Cancel(int64_t watch_id) {
  const auto found = watchers_.find(watch_id);
  if (found == watchers_.end()) return;
  if (found->second.pulling) FreePool();  // the pull's end comes to nobody
  center_->Drop(found->second.hub);
  watchers_.erase(found);
  pb::WatchResponse canceled = Head(watch_id, core_->view()->revision());
  canceled.set_canceled(true);
  Send(canceled);
}

// ---- what the client is told ----

pb::WatchResponse WatchStream::Head(int64_t watch_id, Revision revision) const {
  pb::WatchResponse head;
  *head.mutable_header() = core_->Header(revision);
  head.set_watch_id(watch_id);
  return head;
}

void WatchStream::Send(const pb::WatchResponse& response) {
  outbox_.push_back(net::SerializeMessage(response));
}

void WatchStream::Flush() {
  while (writable_ && !ended_ && !outbox_.empty()) {
    const net::WriteResult result = call_.Write(outbox_.front());
    writable_ = result == net::WriteResult::kMore;
    if (result == net::WriteResult::kRefused) return;
    if (result == net::WriteResult::kGone) {
      ended_ = true;
      return;
    }
    outbox_.pop_front();
  }
  if (!reads_paused_ || !outbox_.empty() || ended_) return;
  reads_paused_ = false;
  call_.ResumeReads();
}

void WatchStream::OnWritable() {
  writable_ = true;
  Pump();
}

void WatchStream::End(const Status& why) {
  if (ended_) return;
  ended_ = true;
  call_.Finish(why);
}

void WatchStream::OnReady(int64_t watch_id) {
  const auto found = watchers_.find(watch_id);
  if (found != watchers_.end()) Enqueue(watch_id, &found->second);
}

void WatchStream::Enqueue(int64_t watch_id, Watcher* watcher) {
  if (watcher->pulling) {
    watcher->again = true;
  } else if (!watcher->queued) {
    watcher->queued = true;
    queue_.push_back(watch_id);
  }
}

void WatchStream::Pump() {
  Flush();
  ViewPtr view;
  int pulls = 0;
  while (writable_ && !ended_ && outbox_.empty() && !queue_.empty()) {
    if (++pulls > kPullsInARowMax) {
      return core_->ToTransport([alive = alive_, this] {
        if (*alive) Pump();
      });
    }
    PullNext(&view);
    Flush();
  }
  AnswerProgress();
}

// The first in the queue: from the ring here, or from the disk on the pool, one at a time there.
void WatchStream::PullNext(ViewPtr* view) {
  const int64_t id = queue_.front();
  queue_.pop_front();
  const auto found = watchers_.find(id);
  if (found == watchers_.end() || !found->second.queued) return;
  Watcher& watcher = found->second;
  if (center_->hub().NeedsDisk(watcher.hub)) {
    if (pool_busy_) return disk_queue_.push_back(id);
    watcher.queued = false;
    watcher.pulling = true;
    pool_busy_ = true;
    return center_->PullOnPool(watcher.hub, kPullBytesMax);
  }
  watcher.queued = false;
  if (*view == nullptr) *view = core_->view();
  Result<kv::Pulled> pulled = center_->hub().Pull(watcher.hub, **view, kPullBytesMax);
  // Behind the view already: the next pull takes a newer one.
  if (pulled.ok() && !pulled->synced) view->reset();
  Deliver(id, &watcher, std::move(pulled));
}

void WatchStream::FreePool() {
  pool_busy_ = false;
  queue_.insert(queue_.end(), disk_queue_.begin(), disk_queue_.end());
  disk_queue_.clear();
}

void WatchStream::OnPulled(int64_t watch_id, Result<kv::Pulled> pulled) {
  FreePool();
  Watcher& watcher = watchers_.at(watch_id);
  watcher.pulling = false;
  const bool again = std::exchange(watcher.again, false);
  Deliver(watch_id, &watcher, std::move(pulled));
  const auto found = watchers_.find(watch_id);
  if (again && found != watchers_.end()) Enqueue(watch_id, &found->second);
}

void WatchStream::Deliver(int64_t watch_id, Watcher* watcher, Result<kv::Pulled> pulled) {
  if (!pulled.ok()) return End(Unmapped(pulled.status()));
  if (!pulled->revisions.empty()) {
    watcher->told = true;
    for (const auto& told : pulled->revisions) core_->counts().events += told.picked.size();
    const Revision last = pulled->revisions.back().revision->revision;
    for (Payload& response :
         center_->encoder().Encode(Head(watch_id, last), pulled->revisions, watcher->fragment)) {
      outbox_.push_back(std::move(response));
    }
  }
  if (pulled->compacted.has_value()) {
    TellCompacted(watch_id, *pulled->compacted);
    center_->Drop(watcher->hub);
    watchers_.erase(watch_id);
  } else if (!pulled->synced) {
    Enqueue(watch_id, watcher);
  }
}

// ---- how far all watchers have come ----

// Told only when every watcher has been told of all that it concerns, up to the revision named.
void WatchStream::AnswerProgress() {
  if (!progress_wanted_ || ended_) return;
  const Revision now = core_->view()->revision();
  Revision reached = now;
  bool ahead = watchers_.empty();
  for (const auto& [id, watcher] : watchers_) {
    const kv::WatchHub::Position position = center_->hub().PositionOf(watcher.hub);
    if (!position.synced || watcher.queued || watcher.pulling) return;  // asked again by Pump
    // What lies before its beginning does not concern it.
    const Revision begin = watcher.start.Prev();
    ahead |= begin > now;
    reached = std::min(reached, std::max(position.revision, begin));
  }
  progress_wanted_ = false;
  if (ahead) return;
  Send(Head(kNobody, reached));
  Flush();
}

void WatchStream::TickLater() {
  if (ticking_) return;
  ticking_ = true;
  const uint64_t interval_us = core_->options().watch_progress_interval_ms * 1'000;
  const uint64_t jitter_us = core_->DrawId() % (interval_us / 10 + 1);
  core_->transport().PostAfter(interval_us + jitter_us, [alive = alive_, this] {
    if (!*alive) return;
    ticking_ = false;
    Tick();
  });
}

void WatchStream::Tick() {
  bool goes_on = false;
  for (auto& [id, watcher] : watchers_) {
    if (!watcher.progress_notify) continue;
    goes_on = true;
    const kv::WatchHub::Position position = center_->hub().PositionOf(watcher.hub);
    const bool quiet = !std::exchange(watcher.told, false) && position.synced && !watcher.queued &&
                       !watcher.pulling;
    // Held back by its reader: it will be told of events instead.
    if (quiet && outbox_.empty() && position.revision >= watcher.start.Prev()) {
      outbox_.push_back(net::SerializeMessage(Head(id, position.revision)));
      Flush();
    }
  }
  if (goes_on && !ended_) TickLater();
}

}  // namespace keel::api
