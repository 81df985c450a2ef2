// The network as keelctl's commands see it: blocking calls and streams to named endpoints.
//
// A Wire owns one thread, on which an AsioExecutor carries a channel to every endpoint that was
// ever asked for. Its functions may be called from any other thread; they wait until the answer is
// there, the call's deadline has passed, or the user has interrupted (CANCELLED). Streams borrow
// the Wire and end before it. An endpoint is "host:port", with or without http:// in front.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "net/asio_channel.h"
#include "net/asio_executor.h"
#include "net/system_clock.h"

namespace keel::ctl {

struct WireOptions {
  uint64_t dial_timeout_us = 2'000'000;
  // Pings on a quiet connection that has calls.
  uint64_t keepalive_us = 2'000'000;
  uint64_t keepalive_timeout_us = 6'000'000;
};

// INVALID_ARGUMENT for what names no TCP address; UNIMPLEMENTED for https.
[[nodiscard]] Result<net::Address> ParseEndpoint(const std::string& endpoint);

// One streaming call, in both directions. One thread at a time, but for Send.
class Stream {
 public:
  enum class Outcome : uint8_t { kMessage, kEnded, kTimeout, kInterrupted };

  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void Send(std::string message);
  void CloseSend();
  // Waits for the next message; a timeout of 0 waits for ever.
  Outcome Next(std::string* message, uint64_t timeout_us = 0);
  // How it ended; OK until then.
  [[nodiscard]] Status status() const;

 private:
  friend class Wire;
  struct Shared;
  class Observer;

  Stream(net::AsioExecutor* executor, std::shared_ptr<Shared> shared);

  net::AsioExecutor* const executor_;
  const std::shared_ptr<Shared> shared_;
};

class Wire {
 public:
  explicit Wire(const WireOptions& options);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  struct Call {
    std::string endpoint;
    std::string method;
    net::Metadata metadata;
    uint64_t timeout_us = 0;
    bool uninterruptible = false;
  };
  [[nodiscard]] Result<std::string> Unary(const Call& call, std::string request);
  // Returns at once; `done` runs on the wire's thread and must not block.
  void UnaryLater(const Call& call, std::string request,
                  std::function<void(Result<std::string>)> done);
  [[nodiscard]] Result<std::unique_ptr<Stream>> Open(const Call& call);

 private:
  // The wire's thread only.
  net::AsioChannel* ChannelTo(const net::Address& address);

  const WireOptions options_;
  net::SystemClock clock_;
  std::unique_ptr<net::AsioExecutor> executor_;
  std::map<std::string, std::unique_ptr<net::AsioChannel>> channels_;
  std::thread thread_;
};

}  // namespace keel::ctl
