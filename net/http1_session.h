// The server's side of HTTP/1.1 on one connection, without a socket: strict, small and bounded.
//
// For probes, metrics and a gateway, not for the world's browsers: one request at a time (a
// pipelined one waits until the answer before it has been handed out), no upgrades, no chunked
// answers. The grammar is Boost.Beast's parser, whose core is sans-I/O too: request parsing is
// where servers are attacked, and a parser that others have attacked for years beats a new one.
// What it leaves open (a missing Host, more than one) is closed here.
//
// Owned by a connection, on its executor; the table, the registry and the host outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/call_registry.h"
#include "net/http.h"
#include "net/session.h"

namespace keel::net {

struct Http1Options {
  // Request line and fields; beyond it 431.
  uint32_t header_bytes_max = 8 * 1024;
  // Beyond it 413.
  uint64_t body_bytes_max = 2 * 1024 * 1024;
  // What may be pipelined behind a request that is being answered; beyond it the connection ends.
  size_t pipelined_bytes_max = 64 * 1024;
  // From a request's first byte to its last.
  uint64_t request_timeout_us = 10'000'000;
  // Between requests.
  uint64_t idle_timeout_us = 60'000'000;
};

class Http1Session final : public Session, public HttpSink {
 public:
  struct Environment {
    const HttpTable* table = nullptr;
    CallRegistry* registry = nullptr;
    SessionHost* host = nullptr;
    std::string peer;
  };

  Http1Session(const Http1Options& options, Environment environment, uint64_t now_us);
  ~Http1Session() override;

  // ---- Session ----
  void Receive(std::string_view bytes, uint64_t now_us) override;
  void Produce(OutputQueue* out) override;
  void OnTime(uint64_t now_us) override;
  [[nodiscard]] uint64_t NextWakeUs() const override;
  void StartDrain(uint64_t now_us) override;
  [[nodiscard]] bool WantsClose() const override;
  void OnTransportClosed(const Status& reason) override;
  [[nodiscard]] Cut cut() const override { return cut_; }
  [[nodiscard]] Held held() const override {
    return {.requests_bytes = input_.size(), .answers_bytes = answer_.size()};
  }

  // ---- HttpSink ----
  void Respond(CallId call, HttpResponse response) override;

 private:
  struct Parser;

  enum class State : uint8_t {
    kIdle,       // between requests
    kReading,    // a request has begun
    kAnswering,  // its handler has it
    kClosing,    // the last answer is on its way
  };

  // Reads what is there, until a request is complete or more is needed.
  void Parse();
  void Dispatch();
  // With an answer that says so, and no more requests after it.
  void Refuse(int status);
  void Format(const HttpResponse& response, bool with_body);

  const Http1Options options_;
  const Environment environment_;
  const ConnectionId id_;
  std::unique_ptr<Parser> parser_;
  State state_ = State::kIdle;
  std::string input_;
  std::string answer_;
  Cut cut_;
  // Numbers the requests, so that a late second answer does not meet the next one.
  uint64_t request_number_ = 0;
  uint64_t since_us_;
  uint64_t now_us_;
  bool keep_alive_ = true;
  bool head_request_ = false;
  bool driving_ = false;
};

}  // namespace keel::net
