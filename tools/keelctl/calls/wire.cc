#include "tools/keelctl/calls/wire.h"

#include <algorithm>
#include <chrono>

#include "client/raw.h"
#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

// How often a wait looks whether the user has interrupted.
constexpr std::chrono::milliseconds kLook(20);
// Read ahead of the command; libkeel holds the server back beyond a few more megabytes.
constexpr size_t kUnreadMax = 16;

using SteadyClock = std::chrono::steady_clock;

client::Milliseconds Ms(uint64_t microseconds) {
  return client::Milliseconds((microseconds + 999) / 1000);
}

client::Options OptionsFor(const std::vector<std::string>& endpoints, const WireOptions& options) {
  client::Options out;
  out.endpoints = endpoints;
  out.connect_timeout = Ms(options.dial_timeout_us);
  out.keepalive_interval = Ms(options.keepalive_us);
  out.keepalive_timeout = Ms(options.keepalive_timeout_us);
  // Commands name whom they ask, and say themselves what is asked twice.
  out.exactly_once = false;
  out.discover = false;
  return out;
}

client::RawOptions OptionsOf(const Wire::Call& call) {
  return {.target = client::Target::At(call.endpoint),
          .retry = client::Retry::kNever,
          .timeout = Ms(call.timeout_us),
          .metadata = call.metadata};
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

Stream::Stream(std::unique_ptr<client::RawStream> raw)
    : raw_(std::move(raw)), reader_([this] { Read(); }) {}

Stream::~Stream() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  raw_->Cancel();
  reader_.join();
}

void Stream::Read() {
  while (true) {
    std::string message;
    const bool got = raw_->ReadBytes(&message);
    std::unique_lock lock(mutex_);
    if (!got) {
      End(raw_->status());
      return;
    }
    changed_.wait(lock, [this] { return ending_ || unread_.size() < kUnreadMax; });
    unread_.push_back(std::move(message));
    changed_.notify_all();
  }
}

// A stream that is over says so to its reader.
void Stream::Send(const Message& message) { (void)raw_->Write(message); }

void Stream::CloseSend() { raw_->CloseWrites(); }

Stream::Outcome Stream::Next(Message* message, uint64_t timeout_us) {
  const auto deadline = SteadyClock::now() + std::chrono::microseconds(timeout_us);
  std::unique_lock lock(mutex_);
  while (unread_.empty()) {
    if (ended_) return Outcome::kEnded;
    if (interrupt::Asked()) return Outcome::kInterrupted;
    if (timeout_us != 0 && SteadyClock::now() >= deadline) return Outcome::kTimeout;
    changed_.wait_for(lock, kLook);
  }
  const std::string bytes = std::move(unread_.front());
  unread_.pop_front();
  changed_.notify_all();
  lock.unlock();
  if (message->ParseFromString(bytes)) return Outcome::kMessage;
  raw_->Cancel();
  lock.lock();
  unread_.clear();
  End(Internal("a message of the stream cannot be read"));
  return Outcome::kEnded;
}

void Stream::End(const Status& status) {
  if (std::exchange(ended_, true)) return;
  status_ = status;
  changed_.notify_all();
}

Status Stream::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

// ---- the wire ----

Wire::Wire(const std::vector<std::string>& endpoints, const WireOptions& options)
    : client_(std::make_unique<client::Client>(OptionsFor(endpoints, options))) {}

Wire::~Wire() = default;

void Wire::UnaryLater(const Call& call, std::string request,
                      std::function<void(Result<std::string>)> done) {
  const auto address = ParseEndpoint(call.endpoint);
  if (!address.ok()) return done(address.status());
  client::StartRaw(
      *client_, call.method, std::move(request), OptionsOf(call),
      [done = std::move(done)](Result<std::string> answer) { done(std::move(answer)); });
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
  const auto address = ParseEndpoint(call.endpoint);
  if (!address.ok()) return address.status();
  auto raw = std::make_unique<client::RawStream>(*client_, call.method, OptionsOf(call));
  return std::unique_ptr<Stream>(new Stream(std::move(raw)));
}

}  // namespace keel::ctl
