#include "net/asio_channel.h"

#include <algorithm>
#include <utility>

namespace keel::net {

namespace {

constexpr size_t kReceiveBufferBytes = 64 * 1024;
// Some hundred answers to puts: what they bring about is on its way while the next ones are read.
constexpr size_t kSliceBytes = 8 * 1024;

// The id of a call that found a connection is its place: the link's number above, the stream's
// below. So it needs no table, and nothing to take it out of one. The others are counted.
constexpr uint64_t kWaited = uint64_t{1} << 63;
constexpr int kStreamBits = 32;

}  // namespace

// Stands between the session and a call's observer, so that the channel forgets the call at its
// end.
class AsioChannel::Followed final : public CallObserver {
 public:
  Followed(AsioChannel* channel, ClientCallId id, std::unique_ptr<CallObserver> inner)
      : channel_(channel), id_(id), inner_(std::move(inner)) {}

  void OnMetadata(const Metadata& metadata) override { inner_->OnMetadata(metadata); }
  Flow OnMessage(std::string_view message) override { return inner_->OnMessage(message); }
  void OnWritable() override { inner_->OnWritable(); }
  void OnDone(const Status& status, const Metadata& trailers) override {
    channel_->calls_.erase(id_.value());
    inner_->OnDone(status, trailers);
  }

  [[nodiscard]] std::unique_ptr<CallObserver> TakeInner() { return std::move(inner_); }

 private:
  AsioChannel* channel_;
  ClientCallId id_;
  std::unique_ptr<CallObserver> inner_;
};

AsioChannel::AsioChannel(AsioExecutor* executor, AsioChannelOptions options)
    : executor_(executor),
      options_(std::move(options)),
      jitter_(options_.seed),
      receive_buffer_(kReceiveBufferBytes),
      backoff_us_(options_.backoff_us_min) {}

AsioChannel::~AsioChannel() {
  const Status gone = Cancelled("the channel is gone");
  current_ = 0;
  for (auto& [number, link] : links_) link.connection->Close(gone);
  for (auto& [number, call] : std::exchange(calls_, {})) {
    executor_->Cancel(call.deadline_timer);
    if (call.observer != nullptr) call.observer->OnDone(gone, {});
  }
  executor_->Cancel(connect_timer_);
}

// ---- connecting ----

void AsioChannel::Connect() {
  if (state_ != State::kIdle) return;
  state_ = State::kConnecting;
  connector_ = std::make_unique<TcpConnector>(
      executor_, options_.address,
      [this](Result<std::unique_ptr<ByteStream>> stream) { OnConnected(std::move(stream)); });
  connect_timer_ = executor_->PostAfter(options_.connect_timeout_us, [this] {
    connect_timer_ = {};
    OnConnectFailed(Unavailable("connecting to " + options_.address.ToString() + ": timed out"));
  });
}

void AsioChannel::OnConnected(Result<std::unique_ptr<ByteStream>> stream) {
  executor_->Cancel(std::exchange(connect_timer_, {}));
  if (!stream.ok()) return OnConnectFailed(stream.status());
  connector_.reset();
  std::unique_ptr<ByteStream> bytes = std::move(stream).value();
  if (options_.wrap_stream) bytes = options_.wrap_stream(std::move(bytes));
  const uint64_t number = ++last_link_;
  Link& link = links_[number];
  link.connection = std::make_unique<Connection>(
      std::move(bytes),
      Connection::Environment{
          .executor = executor_,
          .clock = &executor_->clock(),
          .receive_buffer = receive_buffer_,
          .on_closed = [this, number](const Status& reason) { OnLinkClosed(number, reason); },
          .slice_bytes_max = kSliceBytes},
      [&](SessionHost* host, std::string_view) {
        auto session = std::make_unique<GrpcClientSession>(options_.grpc, host,
                                                           executor_->clock().MonotonicUs());
        link.session = session.get();
        return session;
      });
  current_ = number;
  state_ = State::kReady;
  StartPending();
}

void AsioChannel::OnConnectFailed(const Status& reason) {
  executor_->Cancel(std::exchange(connect_timer_, {}));
  connector_.reset();
  last_failure_ = reason;
  state_ = State::kBackoff;
  const uint64_t wait_us = jitter_.Between(backoff_us_ - backoff_us_ / 4, backoff_us_);
  backoff_us_ = std::min(backoff_us_ * 2, options_.backoff_us_max);
  connect_timer_ = executor_->PostAfter(wait_us, [this] {
    connect_timer_ = {};
    state_ = State::kIdle;
    if (!pending_.empty()) Connect();
  });
  FailPending(reason);
}

void AsioChannel::OnLinkClosed(uint64_t number, const Status& reason) {
  const bool was_current = number == current_ && state_ == State::kReady;
  const bool spoke = links_.at(number).session->http2().settings_received();
  if (spoke) backoff_us_ = options_.backoff_us_min;
  executor_->Post(alive_.Guard([this, number] { links_.erase(number); }));
  if (!was_current) return;
  current_ = 0;
  // A server that takes connections and drops them unheard is one that cannot be reached.
  if (!spoke) return OnConnectFailed(reason);
  state_ = State::kIdle;
  if (!pending_.empty()) Connect();
}

void AsioChannel::LeaveIfClosing() {
  if (state_ != State::kReady) return;
  const Link& link = links_.at(current_);
  if (link.session->TakesCalls()) return;
  link.connection->StartDrain();
  current_ = 0;
  state_ = State::kIdle;
}

// ---- calls ----

ClientCallId AsioChannel::Start(CallOptions options, std::unique_ptr<CallObserver> observer) {
  const uint64_t now_us = executor_->clock().MonotonicUs();
  GrpcClientSession::Begin begin{.options = std::move(options)};
  if (begin.options.timeout_us != 0) begin.deadline_us = now_us + begin.options.timeout_us;
  LeaveIfClosing();
  Status refused;
  if (state_ == State::kReady) {
    const Result<StreamId> stream = links_.at(current_).session->Start(begin, &observer, now_us);
    if (stream.ok()) return ClientCallId((current_ << kStreamBits) | stream->value());
    refused = stream.status();
  } else if (pending_.size() >= options_.pending_calls_max ||
             pending_bytes_ >= options_.pending_bytes_max) {
    refused = ResourceExhausted("too many calls wait for a connection");
  } else if (state_ == State::kBackoff && !begin.options.wait_for_ready) {
    refused = last_failure_;
  }
  const ClientCallId id(++last_call_ | kWaited);
  Call& call = calls_[id.value()];
  call.begin = std::move(begin);
  call.observer = std::move(observer);
  if (!refused.ok()) {
    EndPending(id, refused);
    return id;
  }
  pending_.push_back(id);
  if (call.begin.deadline_us != 0) {
    call.deadline_timer = executor_->PostAfter(call.begin.deadline_us - now_us, [this, id] {
      EndPending(id, DeadlineExceeded("no connection before the call's deadline"));
    });
  }
  Connect();
  return id;
}

void AsioChannel::Launch(ClientCallId id, Call* call) {
  GrpcClientSession* const session = links_.at(current_).session;
  auto own = std::make_unique<Followed>(this, id, std::move(call->observer));
  Followed* const followed = own.get();
  std::unique_ptr<CallObserver> observer = std::move(own);
  const Result<StreamId> stream =
      session->Start(call->begin, &observer, executor_->clock().MonotonicUs());
  if (!stream.ok()) {
    call->observer = followed->TakeInner();
    return EndPending(id, stream.status());
  }
  call->link = current_;
  call->stream = *stream;
  call->begin = {};
  executor_->Cancel(std::exchange(call->deadline_timer, {}));
  pending_bytes_ -= std::exchange(call->written_bytes, 0);
  for (Payload& message : std::exchange(call->written, {})) {
    // Only if the stream's bound is far below the channel's: better no call than half a request.
    if (session->Write(*stream, std::move(message)) == WriteResult::kRefused) {
      return session->Cancel(*stream);
    }
  }
  if (call->writes_closed) return session->CloseWrites(*stream);
  if (call->wants_room) session->AnnounceRoom(*stream);
}

void AsioChannel::StartPending() {
  for (const ClientCallId id : std::exchange(pending_, {})) {
    const auto found = calls_.find(id.value());
    if (found == calls_.end() || found->second.observer == nullptr) continue;
    Launch(id, &found->second);
  }
}

void AsioChannel::FailPending(const Status& reason) {
  for (const ClientCallId id : std::exchange(pending_, {})) {
    const auto found = calls_.find(id.value());
    if (found == calls_.end()) continue;
    if (found->second.begin.options.wait_for_ready) {
      pending_.push_back(id);
    } else {
      EndPending(id, reason);
    }
  }
}

void AsioChannel::EndPending(ClientCallId id, const Status& status) {
  const auto found = calls_.find(id.value());
  if (found == calls_.end() || found->second.observer == nullptr) return;
  Call call = std::move(found->second);
  calls_.erase(found);
  std::erase(pending_, id);
  pending_bytes_ -= call.written_bytes;
  executor_->Cancel(call.deadline_timer);
  executor_->Post([observer = std::move(call.observer), status] {
    Metadata trailers;
    trailers.Add({kNeverSent, "true"});
    observer->OnDone(status, trailers);
  });
}

AsioChannel::Place AsioChannel::PlaceOf(ClientCallId id) const {
  uint64_t link = id.value() >> kStreamBits;
  StreamId stream(id.value() & ((uint64_t{1} << kStreamBits) - 1));
  if ((id.value() & kWaited) != 0) {
    const auto found = calls_.find(id.value());
    if (found == calls_.end()) return {};
    link = found->second.link;
    stream = found->second.stream;
  }
  const auto found = links_.find(link);
  if (found == links_.end()) return {};
  return {.session = found->second.session, .stream = stream};
}

WriteResult AsioChannel::Write(ClientCallId id, Payload message) {
  if (const Place place = PlaceOf(id); place.session != nullptr) {
    return place.session->Write(place.stream, std::move(message));
  }
  const auto found = calls_.find(id.value());
  if (found == calls_.end()) return WriteResult::kGone;
  Call& call = found->second;
  if (call.writes_closed) return WriteResult::kGone;
  // The first message is always taken: Start has looked at the bound.
  const size_t bytes_max = options_.grpc.http2.stream_queue_bytes_max;
  if (!call.written.empty() &&
      (call.written_bytes >= bytes_max || pending_bytes_ >= options_.pending_bytes_max)) {
    call.wants_room = true;
    return WriteResult::kRefused;
  }
  call.written_bytes += message.size();
  pending_bytes_ += message.size();
  call.written.push_back(std::move(message));
  if (call.written_bytes < bytes_max) return WriteResult::kMore;
  call.wants_room = true;
  return WriteResult::kFull;
}

void AsioChannel::CloseWrites(ClientCallId id) {
  if (const Place place = PlaceOf(id); place.session != nullptr) {
    return place.session->CloseWrites(place.stream);
  }
  const auto found = calls_.find(id.value());
  if (found != calls_.end()) found->second.writes_closed = true;
}

void AsioChannel::Cancel(ClientCallId id) {
  if (const Place place = PlaceOf(id); place.session != nullptr) {
    return place.session->Cancel(place.stream);
  }
  EndPending(id, Cancelled("the call was cancelled"));
}

void AsioChannel::ResumeReads(ClientCallId id) {
  if (const Place place = PlaceOf(id); place.session != nullptr) {
    place.session->ResumeReads(place.stream);
  }
}

}  // namespace keel::net
