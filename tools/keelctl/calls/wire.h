// The network as keelctl's commands see it: blocking calls and streams to named endpoints, by
// libkeel.
//
// A Wire owns a client of the SDK and uses its raw door, one endpoint and one attempt at a time:
// what is asked of whom, and whether again, is decided above. Its functions may be called from any
// thread but the client's own; they wait until the answer is there, the call's deadline has passed,
// or the user has interrupted (CANCELLED). Streams borrow the Wire and end before it. An endpoint
// is "host:port", with or without http:// in front.
#pragma once

#include <google/protobuf/message_lite.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/tcp.h"

// libkeel's headers bring Asio with them, which only wire.cc needs.
namespace keel::client {
class Client;
class RawStream;
}  // namespace keel::client

namespace keel::ctl {

struct WireOptions {
  uint64_t dial_timeout_us = 2'000'000;
  // Pings on a quiet connection that has calls.
  uint64_t keepalive_us = 10'000'000;
  uint64_t keepalive_timeout_us = 6'000'000;
};

// INVALID_ARGUMENT for what names no TCP address; UNIMPLEMENTED for https.
[[nodiscard]] Result<net::Address> ParseEndpoint(const std::string& endpoint);

// One streaming call, in both directions. Next belongs to one thread; Send may come from another.
class Stream {
 public:
  enum class Outcome : uint8_t { kMessage, kEnded, kTimeout, kInterrupted };
  using Message = google::protobuf::MessageLite;

  // Ends the call.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void Send(const Message& message);
  void CloseSend();
  // Waits for the next message, which is of the type that the method answers with; a timeout of 0
  // waits for ever.
  Outcome Next(Message* message, uint64_t timeout_us = 0);
  // How it ended; OK until then.
  [[nodiscard]] Status status() const;

 private:
  friend class Wire;
  explicit Stream(std::unique_ptr<client::RawStream> raw);

  // Reads ahead, a bounded number of messages.
  void Read();
  // Under mutex_; the first end counts.
  void End(const Status& status);

  const std::unique_ptr<client::RawStream> raw_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> unread_;
  bool ending_ = false;
  bool ended_ = false;
  Status status_;
  std::thread reader_;
};

class Wire {
 public:
  // `endpoints` are those that the client is made with; others may be asked too.
  Wire(const std::vector<std::string>& endpoints, const WireOptions& options);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  struct Call {
    std::string endpoint;
    std::string method;
    std::vector<std::pair<std::string, std::string>> metadata;
    uint64_t timeout_us = 0;
    bool uninterruptible = false;
  };
  [[nodiscard]] Result<std::string> Unary(const Call& call, std::string request);
  // Returns at once; `done` runs on the client's thread and must not block.
  void UnaryLater(const Call& call, std::string request,
                  std::function<void(Result<std::string>)> done);
  [[nodiscard]] Result<std::unique_ptr<Stream>> Open(const Call& call);

 private:
  const std::unique_ptr<client::Client> client_;
};

}  // namespace keel::ctl
