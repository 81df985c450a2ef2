#include "client/core/watch_state.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "client/core/convert.h"

namespace keel::client {

namespace {

constexpr uint64_t kProgressUs = 10'000'000;

Revision ToRevision(int64_t number) {
  return Revision(number > 0 ? static_cast<uint64_t>(number) : 0);
}

}  // namespace

class Watcher::State::Observer final : public net::CallObserver {
 public:
  Observer(std::shared_ptr<State> state, uint64_t generation)
      : state_(std::move(state)), generation_(generation) {}

  net::Flow OnMessage(std::string_view message) override {
    if (generation_ != state_->generation_) return net::Flow::kMore;
    return state_->OnMessage(message);
  }
  void OnDone(const Status& status, const net::Metadata& trailers) override {
    if (generation_ != state_->generation_) return;
    state_->OnStreamDone(status, trailers.Find(net::kNeverSent).has_value());
  }

 private:
  const std::shared_ptr<State> state_;
  const uint64_t generation_;
};

Watcher::State::State(const View& view, WatchRequest request, OnBatch on_batch)
    : core_(view.core),
      prefix_(view.prefix),
      request_(std::move(request)),
      route_(view.target.has_value() ? Route::Of(*view.target)
                                     : Route{.kind = Route::Kind::kVoter}),
      on_batch_(std::move(on_batch)),
      next_(request_.start) {}

void Watcher::State::Start() {
  core_->Post([self = shared_from_this()] { self->Open(); });
}

// ---- the stream ----

Payload Watcher::State::CreateRequest() const {
  etcdserverpb::WatchRequest message;
  auto& create = *message.mutable_create_request();
  KeyRange range = WithPrefix(prefix_, request_.range);
  create.set_key(std::move(range.begin));
  create.set_range_end(std::move(range.end));
  create.set_start_revision(static_cast<int64_t>(next().value()));
  // So that a quiet watch resumes from where it really is, and not from what was compacted since.
  create.set_progress_notify(true);
  create.set_fragment(true);
  create.set_prev_kv(request_.previous);
  if (!request_.puts) create.add_filters(etcdserverpb::WatchCreateRequest::NOPUT);
  if (!request_.deletes) create.add_filters(etcdserverpb::WatchCreateRequest::NODELETE);
  return Payload::Of(message.SerializeAsString());
}

void Watcher::State::Open() {
  if (!status().ok()) return;
  if (core_->closing()) return End(Cancelled("the client was closed"));
  if (!core_->status().ok()) return End(core_->status());
  ++generation_;
  pieces_.clear();
  {
    const std::lock_guard lock(mutex_);
    paused_ = false;
    ++streams_;
  }
  // A member that has lost the others must not keep this watch in the dark.
  stream_ =
      core_->OpenStream("/etcdserverpb.Watch/Watch", route_, failed_at_, {{"hasleader", "true"}},
                        std::make_unique<Observer>(shared_from_this(), generation_));
  if (stream_.channel == nullptr) return OpenLater(Unavailable("no member to ask"));
  (void)stream_.channel->Write(stream_.call, CreateRequest());
  AskForProgress();
}

// A quiet watch stays where it is while the store goes on, until what lies between is compacted: so
// it asks, now and then, how far it really is.
void Watcher::State::AskForProgress() {
  progress_timer_ = core_->executor().PostAfter(kProgressUs, [self = shared_from_this()] {
    self->RequestProgress();
    self->AskForProgress();
  });
}

void Watcher::State::OpenLater(const Status& reason) {
  if (route_.kind == Route::Kind::kEndpoint && stream_.endpoint == nullptr) return End(reason);
  // One failure is a member's; it is worth asking another one at once.
  const uint64_t wait_us = failures_ <= 1 ? 0 : core_->BackoffUs(failures_);
  core_->executor().PostAfter(wait_us, [self = shared_from_this()] { self->Open(); });
}

void Watcher::State::LeaveStream() {
  core_->executor().Cancel(progress_timer_);
  ++generation_;
  if (stream_.channel != nullptr) stream_.channel->Cancel(stream_.call);
  stream_.channel = nullptr;
}

void Watcher::State::OnStreamDone(const Status& status, bool never_sent) {
  stream_.channel = nullptr;
  core_->executor().Cancel(progress_timer_);
  core_->OnStreamEnd(stream_.endpoint, status, never_sent);
  if (core_->closing()) return End(Cancelled("the client was closed"));
  switch (status.code()) {
    case Code::kUnimplemented:
    case Code::kUnauthenticated:
    case Code::kPermissionDenied:
    case Code::kInvalidArgument:
      return End(status);
    default:
      break;
  }
  ++failures_;
  failed_at_ = stream_.endpoint;
  OpenLater(status);
}

// ---- what comes ----

net::Flow Watcher::State::OnMessage(std::string_view message) {
  etcdserverpb::WatchResponse response;
  arriving_bytes_ = message.size();
  if (!response.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    LeaveStream();
    End(Internal("a message of the watch cannot be read"));
    return net::Flow::kMore;
  }
  if (!OnResponse(&response)) return net::Flow::kMore;
  const std::lock_guard lock(mutex_);
  paused_ = bytes_ >= core_->options().stream_buffer_bytes_max;
  return paused_ ? net::Flow::kPause : net::Flow::kMore;
}

bool Watcher::State::OnResponse(etcdserverpb::WatchResponse* response) {
  const Revision now = ToRevision(response->header().revision());
  if (response->canceled()) return OnCanceled(*response);
  if (response->created()) {
    failures_ = 0;
    failed_at_ = nullptr;
    if (next().IsNone()) Advance(now.Next());
    const std::lock_guard lock(mutex_);
    created_ = true;
    changed_.notify_all();
    return true;
  }
  if (response->events_size() == 0 && !response->fragment() && pieces_.empty()) {
    // All that concerns this watch, up to here, has been told.
    Advance(std::max(next(), now.Next()));
    if (!request_.progress) return true;
    return Deliver({.header = ToHeader(response->header())});
  }
  for (auto& from : *response->mutable_events()) {
    Event event = ToEvent(prefix_, &from);
    // No server should, but a change is never told twice.
    if (event.kv.mod_revision <= delivered_) continue;
    pieces_.push_back(std::move(event));
  }
  if (response->fragment() || pieces_.empty()) return true;
  delivered_ = pieces_.back().kv.mod_revision;
  Advance(delivered_.Next());
  return Deliver({.header = ToHeader(response->header()), .events = std::exchange(pieces_, {})});
}

bool Watcher::State::OnCanceled(const etcdserverpb::WatchResponse& response) {
  LeaveStream();
  const Revision compacted = ToRevision(response.compact_revision());
  if (!compacted.IsNone()) {
    {
      const std::lock_guard lock(mutex_);
      compacted_ = compacted;
    }
    End(OutOfRange("the watch has lost revisions from " + std::to_string(next().value()) +
                   " on: everything below " + std::to_string(compacted.value()) +
                   " has been compacted"));
    return false;
  }
  const std::string& reason = response.cancel_reason();
  const bool lasting = reason.find("permission denied") != std::string::npos ||
                       reason.find("auth") != std::string::npos || response.created();
  if (lasting) {
    End(reason.find("permission") != std::string::npos ? PermissionDenied(reason)
                                                       : FailedPrecondition(reason));
    return false;
  }
  ++failures_;
  failed_at_ = stream_.endpoint;
  OpenLater(Unavailable(reason));
  return false;
}

bool Watcher::State::Deliver(WatchBatch batch) {
  if (on_batch_) {
    on_batch_(std::move(batch));
    return status().ok();
  }
  std::unique_lock lock(mutex_);
  if (ended_) return false;
  if (waiter_) {
    Done<Result<WatchBatch>> waiter = std::move(waiter_);
    lock.unlock();
    waiter(std::move(batch));
    return true;
  }
  batches_.push_back(std::move(batch));
  sizes_.push_back(arriving_bytes_);
  bytes_ += arriving_bytes_;
  changed_.notify_all();
  return true;
}

void Watcher::State::Advance(Revision next) {
  const std::lock_guard lock(mutex_);
  next_ = next;
}

// ---- any thread ----

void Watcher::State::End(const Status& status) {
  Done<Result<WatchBatch>> waiter;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    ended_ = true;
    end_ = status;
    waiter = std::move(waiter_);
    changed_.notify_all();
  }
  core_->Post([self = shared_from_this(), waiter = std::move(waiter), status]() mutable {
    self->LeaveStream();
    if (self->on_batch_ && status.code() != Code::kCancelled) self->on_batch_(status);
    if (waiter) waiter(status);
  });
}

void Watcher::State::RequestProgress() {
  core_->Post([self = shared_from_this()] {
    if (self->stream_.channel == nullptr) return;
    etcdserverpb::WatchRequest message;
    message.mutable_progress_request();
    (void)self->stream_.channel->Write(self->stream_.call,
                                       Payload::Of(message.SerializeAsString()));
  });
}

WatchBatch Watcher::State::TakeFirst() {
  WatchBatch batch = std::move(batches_.front());
  batches_.pop_front();
  bytes_ -= sizes_.front();
  sizes_.pop_front();
  if (paused_ && bytes_ < core_->options().stream_buffer_bytes_max / 2) {
    paused_ = false;
    core_->executor().Post([self = shared_from_this()] { self->Resume(); });
  }
  return batch;
}

void Watcher::State::Resume() {
  if (stream_.channel != nullptr) stream_.channel->ResumeReads(stream_.call);
}

Operation Watcher::State::StartNext(Done<Result<WatchBatch>> done) {
  std::unique_lock lock(mutex_);
  if (batches_.empty() && !ended_) {
    KEEL_CHECK(!waiter_) << "one Next at a time";
    waiter_ = std::move(done);
    return {.instead = shared_from_this()};
  }
  Result<WatchBatch> answer = end_.ok() ? Result<WatchBatch>(WatchBatch{}) : end_;
  if (!batches_.empty()) answer = TakeFirst();
  lock.unlock();
  core_->executor().Post(
      [done = std::move(done), answer = std::move(answer)]() mutable { done(std::move(answer)); });
  return {};
}

void Watcher::State::CancelOperation() {
  Done<Result<WatchBatch>> waiter;
  {
    const std::lock_guard lock(mutex_);
    waiter = std::move(waiter_);
  }
  if (!waiter) return;
  core_->executor().Post(
      [waiter = std::move(waiter)]() mutable { waiter(Cancelled("the operation was cancelled")); });
}

Result<std::optional<WatchBatch>> Watcher::State::WaitNext(const Milliseconds* patience) {
  internal::CheckMayWait(*core_);
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return !batches_.empty() || ended_; };
  if (patience == nullptr) {
    changed_.wait(lock, ready);
  } else if (!changed_.wait_for(lock, *patience, ready)) {
    return std::optional<WatchBatch>();
  }
  if (batches_.empty()) return end_;
  return std::optional<WatchBatch>(TakeFirst());
}

Status Watcher::State::WaitUntilCreated(Milliseconds patience) {
  internal::CheckMayWait(*core_);
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, patience, [this] { return created_ || ended_; })) {
    return DeadlineExceeded("the watch was not created in time");
  }
  return end_;
}

Status Watcher::State::status() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

Revision Watcher::State::next() const {
  const std::lock_guard lock(mutex_);
  return next_;
}

Revision Watcher::State::compacted() const {
  const std::lock_guard lock(mutex_);
  return compacted_;
}

uint64_t Watcher::State::resumptions() const {
  const std::lock_guard lock(mutex_);
  return streams_ == 0 ? 0 : streams_ - 1;
}

}  // namespace keel::client
