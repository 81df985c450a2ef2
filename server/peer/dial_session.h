// The dialing end of a peer connection, without a socket: says Hello, waits for the Welcome, then
// sends what the queue holds.
//
// Messages go one way, from the dialer; only welcomes and pongs come back. Silence is measured at
// this end: after a while without a pong a ping goes out, and when nothing comes back and nothing
// more can be written either, the other end is gone though no one said so (a half-open connection).
// Belongs to a Connection, on its executor; the queue and the environment outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "net/keepalive.h"
#include "net/session.h"
#include "server/peer/framing.h"
#include "server/peer/greeting.h"
#include "server/peer/send_queue.h"

namespace keel::peers {

struct SessionOptions {
  // From the connection's first byte to the end of the greeting.
  uint64_t greeting_timeout_us = 3'000'000;
  // The dialer's: after this much silence a ping, after that much more the end.
  uint64_t ping_every_us = 1'000'000;
  uint64_t ping_timeout_us = 4'000'000;
  // The other end's: without a byte for this long, the dialer is gone.
  uint64_t idle_timeout_us = 10'000'000;
  // A larger message is never sent, and not believed.
  size_t message_bytes_max = size_t{24} << 20;
  // Framed and waiting for the socket; more stays in the queue.
  size_t output_bytes_max = size_t{256} << 10;
};

class DialSession final : public net::Session {
 public:
  struct Environment {
    net::SessionHost* host = nullptr;
    SendQueue* queue = nullptr;
    // Each at most once, and one of them at most.
    std::function<void()> on_welcome;
    std::function<void(const Welcome&)> on_refused;
    std::function<void(uint64_t round_trip_us)> on_pong;
  };
  DialSession(const SessionOptions& options, const Hello& hello, Environment environment,
              uint64_t now_us);

  [[nodiscard]] bool welcomed() const { return state_ == State::kOpen; }
  // Why it wants to close, when it does.
  [[nodiscard]] const Status& reason() const { return reason_; }

  void Receive(std::string_view bytes, uint64_t now_us) override;
  void Produce(net::OutputQueue* out) override;
  void OnTime(uint64_t now_us) override;
  [[nodiscard]] uint64_t NextWakeUs() const override;
  void StartDrain(uint64_t now_us) override;
  [[nodiscard]] bool WantsClose() const override { return state_ == State::kClosing; }
  void OnTransportClosed(const Status& reason) override;

 private:
  enum class State : uint8_t { kGreeting, kOpen, kClosing };
  void OnFrame(const FrameReader::Frame& frame, uint64_t now_us);
  void End(Status reason);

  const SessionOptions& options_;
  const Environment environment_;
  State state_ = State::kGreeting;
  FrameReader reader_;
  net::Keepalive keepalive_;
  const uint64_t greet_by_us_;
  std::string control_;  // hello and pings: before anything that is queued
  bool progressed_ = false;
  size_t output_seen_ = 0;
  Status reason_;
};

}  // namespace keel::peers
