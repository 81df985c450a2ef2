#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "base/check.h"
#include "client/core/core.h"
#include "client/raw.h"

namespace keel::client {

namespace {

constexpr uint64_t kLookAgainUs = 50'000;

}  // namespace

// Shared by the stream's owner and the I/O thread.
struct RawStream::State : std::enable_shared_from_this<RawStream::State> {
  class Observer;

  // ---- the I/O thread ----
  void Open();
  void Send(Payload message);

  Core* core = nullptr;
  std::string path;
  RawOptions options;
  uint64_t deadline_us = 0;
  Stream stream;
  bool cancelled = false;

  // ---- both ----
  std::mutex mutex;
  std::condition_variable changed;
  // Under mutex:
  std::deque<std::string> messages;
  size_t bytes = 0;
  bool paused = false;
  // Of the message that Write has given to the I/O thread.
  std::optional<net::WriteResult> written;
  bool full = false;
  bool ended = false;
  Status end;

  void End(const Status& status) {
    const std::lock_guard lock(mutex);
    if (ended) return;
    ended = true;
    end = status;
    changed.notify_all();
  }
};

class RawStream::State::Observer final : public net::CallObserver {
 public:
  explicit Observer(std::shared_ptr<State> state) : state_(std::move(state)) {}

  net::Flow OnMessage(std::string_view message) override {
    const std::lock_guard lock(state_->mutex);
    state_->messages.emplace_back(message);
    state_->bytes += message.size();
    state_->paused = state_->bytes >= state_->core->options().stream_buffer_bytes_max;
    state_->changed.notify_all();
    return state_->paused ? net::Flow::kPause : net::Flow::kMore;
  }
  void OnWritable() override {
    const std::lock_guard lock(state_->mutex);
    state_->full = false;
    state_->changed.notify_all();
  }
  void OnDone(const Status& status, const net::Metadata& trailers) override {
    if (state_->stream.endpoint != nullptr) {
      state_->core->OnStreamEnd(state_->stream.endpoint, status,
                                trailers.Find(net::kNeverSent).has_value());
    }
    state_->stream.channel = nullptr;
    state_->End(status);
  }

 private:
  const std::shared_ptr<State> state_;
};

void RawStream::State::Open() {
  if (cancelled) return End(Cancelled("the stream was cancelled"));
  stream = core->OpenStream(path, Route::Of(options.target), nullptr, options.metadata,
                            std::make_unique<Observer>(shared_from_this()));
  if (stream.channel != nullptr) return;
  if (core->closing()) return End(Cancelled("the client was closed"));
  if (!core->status().ok()) return End(core->status());
  if (options.target.kind == Target::Kind::kEndpoint) {
    return End(InvalidArgument("no endpoint: \"" + options.target.endpoint + "\""));
  }
  if (deadline_us != 0 && core->NowUs() >= deadline_us) {
    return End(DeadlineExceeded("the leader is not known"));
  }
  core->executor().PostAfter(kLookAgainUs, [self = shared_from_this()] { self->Open(); });
}

void RawStream::State::Send(Payload message) {
  net::WriteResult result = net::WriteResult::kGone;
  if (stream.channel != nullptr) {
    result = stream.channel->Write(stream.call, std::move(message));
  } else if (!cancelled) {
    // Still looking for the leader.
    result = net::WriteResult::kRefused;
  }
  const std::lock_guard lock(mutex);
  if (ended) result = net::WriteResult::kGone;
  full = result == net::WriteResult::kFull || result == net::WriteResult::kRefused;
  written = result;
  changed.notify_all();
}

RawStream::RawStream(const Client& client, const std::string& path, const RawOptions& options)
    : state_(std::make_shared<State>()) {
  state_->core = client.core();
  state_->path = path;
  state_->options = options;
  const Milliseconds timeout = options.timeout.value_or(state_->core->options().timeout);
  if (timeout.count() > 0) {
    state_->deadline_us = state_->core->NowUs() + static_cast<uint64_t>(timeout.count()) * 1000;
  }
  state_->core->Post([state = state_] { state->Open(); });
}

RawStream::~RawStream() { Cancel(); }

bool RawStream::Write(const google::protobuf::MessageLite& message) {
  internal::CheckMayWait(*state_->core);
  const Payload payload = Payload::Of(message.SerializeAsString());
  std::unique_lock lock(state_->mutex);
  while (true) {
    // Before the stream is open nobody says that there is room: look again soon.
    state_->changed.wait_for(lock, std::chrono::milliseconds(50),
                             [this] { return !state_->full || state_->ended; });
    if (state_->ended) return false;
    state_->written.reset();
    lock.unlock();
    state_->core->Post([state = state_, payload] { state->Send(payload); });
    lock.lock();
    state_->changed.wait(lock, [this] { return state_->written.has_value() || state_->ended; });
    if (!state_->written.has_value() || *state_->written == net::WriteResult::kGone) return false;
    if (*state_->written != net::WriteResult::kRefused) return true;
  }
}

void RawStream::CloseWrites() {
  state_->core->Post([state = state_] {
    if (state->stream.channel != nullptr) state->stream.channel->CloseWrites(state->stream.call);
  });
}

bool RawStream::ReadBytes(std::string* message) {
  internal::CheckMayWait(*state_->core);
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return !state_->messages.empty() || state_->ended; });
  if (state_->messages.empty()) return false;
  *message = std::move(state_->messages.front());
  state_->messages.pop_front();
  state_->bytes -= message->size();
  const bool resume =
      state_->paused && state_->bytes < state_->core->options().stream_buffer_bytes_max / 2;
  if (resume) state_->paused = false;
  lock.unlock();
  if (resume) {
    state_->core->Post([state = state_] {
      if (state->stream.channel != nullptr) state->stream.channel->ResumeReads(state->stream.call);
    });
  }
  return true;
}

bool RawStream::Read(google::protobuf::MessageLite* message) {
  std::string bytes;
  if (!ReadBytes(&bytes)) return false;
  if (message->ParseFromString(bytes)) return true;
  Cancel();
  state_->End(Internal("a message of the stream cannot be read"));
  return false;
}

void RawStream::Cancel() {
  state_->core->Post([state = state_] {
    state->cancelled = true;
    if (state->stream.channel != nullptr) state->stream.channel->Cancel(state->stream.call);
  });
}

Status RawStream::status() const {
  const std::lock_guard lock(state_->mutex);
  return state_->end;
}

}  // namespace keel::client
