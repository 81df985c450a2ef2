#include "tools/keelctl/calls/wire.h"

#include <chrono>

#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

// How often a wait looks whether the user has interrupted.
constexpr std::chrono::milliseconds kLook(20);
// What a stream holds unread before the server is told to wait.
constexpr size_t kUnreadBytesMax = size_t{8} << 20;

using SteadyClock = std::chrono::steady_clock;

Result<std::string> Taken(net::UnaryResult result) {
  if (!result.status.ok()) return result.status;
  return std::move(result.response);
}

}  // namespace

Result<net::Address> ParseEndpoint(const std::string& endpoint) {
  std::string_view rest = endpoint;
  if (rest.starts_with("https://")) {
    return Unimplemented("endpoint " + Quote(endpoint) +
                         ": TLS is not supported yet; use an http endpoint");
  }
  if (rest.starts_with("unix:")) {
    return Unimplemented("endpoint " + Quote(endpoint) + ": unix sockets are not supported");
  }
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  while (rest.ends_with("/")) rest.remove_suffix(1);
  const size_t colon = rest.rfind(':');
  const auto refusal = InvalidArgument("endpoint " + Quote(endpoint) + " is not HOST:PORT");
  if (colon == std::string_view::npos || colon == 0) return refusal;
  std::string_view host = rest.substr(0, colon);
  const auto port = ParseUint(rest.substr(colon + 1), 10);
  if (!port.ok() || *port == 0 || *port > 65535) return refusal;
  if (host.starts_with("[") && host.ends_with("]")) host = host.substr(1, host.size() - 2);
  if (host.find('/') != std::string_view::npos) return refusal;
  return net::Address{.host = std::string(host), .port = static_cast<uint16_t>(*port)};
}

// ---- streams ----

struct Stream::Shared {
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> unread;
  size_t unread_bytes = 0;
  bool paused = false;
  bool ended = false;
  Status status;
  // The wire's thread only.
  net::Channel* channel = nullptr;
  net::ClientCallId call;
};

class Stream::Observer final : public net::CallObserver {
 public:
  explicit Observer(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  net::Flow OnMessage(std::string_view message) override {
    const std::lock_guard lock(shared_->mutex);
    shared_->unread.emplace_back(message);
    shared_->unread_bytes += message.size();
    shared_->changed.notify_one();
    shared_->paused = shared_->unread_bytes >= kUnreadBytesMax;
    return shared_->paused ? net::Flow::kPause : net::Flow::kMore;
  }
  void OnDone(const Status& status, const net::Metadata& /*trailers*/) override {
    const std::lock_guard lock(shared_->mutex);
    shared_->ended = true;
    shared_->status = status;
    shared_->changed.notify_one();
  }

 private:
  const std::shared_ptr<Shared> shared_;
};

Stream::Stream(net::AsioExecutor* executor, std::shared_ptr<Shared> shared)
    : executor_(executor), shared_(std::move(shared)) {}

Stream::~Stream() {
  executor_->Post([shared = shared_] { shared->channel->Cancel(shared->call); });
}

void Stream::Send(std::string message) {
  executor_->Post([shared = shared_, message = std::move(message)]() mutable {
    // Requests are few and small; a stream that is over says so to its reader.
    (void)shared->channel->Write(shared->call, Payload::Of(std::move(message)));
  });
}

void Stream::CloseSend() {
  executor_->Post([shared = shared_] { shared->channel->CloseWrites(shared->call); });
}

Stream::Outcome Stream::Next(std::string* message, uint64_t timeout_us) {
  const auto deadline = SteadyClock::now() + std::chrono::microseconds(timeout_us);
  std::unique_lock lock(shared_->mutex);
  while (shared_->unread.empty()) {
    if (shared_->ended) return Outcome::kEnded;
    if (interrupt::Asked()) return Outcome::kInterrupted;
    if (timeout_us != 0 && SteadyClock::now() >= deadline) return Outcome::kTimeout;
    shared_->changed.wait_for(lock, kLook);
  }
  *message = std::move(shared_->unread.front());
  shared_->unread.pop_front();
  shared_->unread_bytes -= message->size();
  if (shared_->paused && shared_->unread_bytes < kUnreadBytesMax / 2) {
    shared_->paused = false;
    executor_->Post([shared = shared_] { shared->channel->ResumeReads(shared->call); });
  }
  return Outcome::kMessage;
}

Status Stream::status() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->status;
}

// ---- the wire ----

Wire::Wire(const WireOptions& options)
    : options_(options), executor_(std::make_unique<net::AsioExecutor>(&clock_)) {
  thread_ = std::thread([this] { executor_->Run(); });
}

Wire::~Wire() {
  // Behind what was posted before: cancellations still leave.
  executor_->Post([this] { executor_->Stop(); });
  thread_.join();
  channels_.clear();
  executor_.reset();
}

net::AsioChannel* Wire::ChannelTo(const net::Address& address) {
  auto& channel = channels_[address.ToString()];
  if (channel == nullptr) {
    net::AsioChannelOptions options;
    options.address = address;
    options.connect_timeout_us = options_.dial_timeout_us;
    options.backoff_us_max = 1'000'000;
    options.grpc.user_agent = "keelctl";
    options.grpc.authority = address.ToString();
    options.grpc.http2.keepalive_interval_us = options_.keepalive_us;
    options.grpc.http2.keepalive_timeout_us = options_.keepalive_timeout_us;
    channel = std::make_unique<net::AsioChannel>(executor_.get(), options);
  }
  return channel.get();
}

void Wire::UnaryLater(const Call& call, std::string request,
                      std::function<void(Result<std::string>)> done) {
  auto address = ParseEndpoint(call.endpoint);
  if (!address.ok()) return done(address.status());
  executor_->Post([this, call, address = *std::move(address), request = std::move(request),
                   done = std::move(done)]() mutable {
    net::CallUnary(
        ChannelTo(address),
        {.path = call.method, .metadata = call.metadata, .timeout_us = call.timeout_us},
        Payload::Of(std::move(request)),
        [done = std::move(done)](net::UnaryResult result) { done(Taken(std::move(result))); });
  });
}

Result<std::string> Wire::Unary(const Call& call, std::string request) {
  struct Shared {
    std::mutex mutex;
    std::condition_variable there;
    bool done = false;
    Result<std::string> result = std::string();
  };
  auto shared = std::make_shared<Shared>();
  UnaryLater(call, std::move(request), [shared](Result<std::string> result) {
    const std::lock_guard lock(shared->mutex);
    shared->result = std::move(result);
    shared->done = true;
    shared->there.notify_one();
  });
  std::unique_lock lock(shared->mutex);
  while (!shared->done) {
    if (!call.uninterruptible && interrupt::Asked()) return Cancelled("interrupted");
    shared->there.wait_for(lock, kLook);
  }
  return std::move(shared->result);
}

Result<std::unique_ptr<Stream>> Wire::Open(const Call& call) {
  auto address = ParseEndpoint(call.endpoint);
  if (!address.ok()) return address.status();
  auto shared = std::make_shared<Stream::Shared>();
  executor_->Post([this, shared, call, address = *std::move(address)] {
    shared->channel = ChannelTo(address);
    shared->call = shared->channel->Start(
        {.path = call.method, .metadata = call.metadata, .timeout_us = call.timeout_us},
        std::make_unique<Stream::Observer>(shared));
  });
  return std::unique_ptr<Stream>(new Stream(executor_.get(), std::move(shared)));
}

}  // namespace keel::ctl
