// One lane to one peer: connects, greets, sends, and begins again when the connection is gone.
//
// A connection that had stood for a while is dialed anew at once, so that a process that died is
// noticed by the refusal; then with exponential backoff and jitter, so that a peer that resets
// every connection costs little. Between attempts nothing is kept: what is sent then is lost, and
// told. Events come on the executor, never from inside Send. Belongs to the transport, on its
// executor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/prng.h"
#include "net/alive.h"
#include "net/connection.h"
#include "net/tcp.h"
#include "server/peer/dial_session.h"
#include "server/peer/send_queue.h"

namespace keel::peers {

struct LinkOptions {
  SessionOptions session;
  uint64_t connect_timeout_us = 2'000'000;
  uint64_t backoff_least_us = 20'000;
  uint64_t backoff_most_us = 1'000'000;
  // A peer that turned this member away is asked again no sooner than this.
  uint64_t refused_backoff_least_us = 500'000;
  // A connection that stood this long is replaced at once.
  uint64_t stable_us = 1'000'000;
  // At these bounds the newest message is lost, and the node is told.
  size_t urgent_queue_bytes_max = size_t{1} << 20;
  size_t bulk_queue_bytes_max = size_t{64} << 20;
};

class PeerLink {
 public:
  struct Environment {
    net::AsioExecutor* executor = nullptr;
    std::span<char> receive_buffer;
    const LinkOptions* options = nullptr;
    std::function<Hello()> hello;
    std::function<void()> on_open;
    // Messages are lost, or the connection by which they went is.
    std::function<void(const Status& why)> on_lost;
    // Nobody listens at any of the peer's addresses: once, until it is open again.
    std::function<void()> on_nobody;
    std::function<void(const Welcome&)> on_turned_away;
    std::function<void(uint64_t round_trip_us)> on_pong;
  };
  PeerLink(node::Lane lane, uint64_t seed, Environment environment);
  ~PeerLink();
  PeerLink(const PeerLink&) = delete;
  PeerLink& operator=(const PeerLink&) = delete;

  // Where to dial; a change ends an attempt under way, but no open connection.
  void SetAddresses(std::vector<net::Address> addresses);
  // The peer is alive: an attempt that waits is made now.
  void Nudge();
  void Send(std::string frame);

  [[nodiscard]] bool IsOpen() const { return open_; }
  [[nodiscard]] size_t queued_bytes() const { return queue_.size_bytes(); }

 private:
  void Dial();
  void OnConnect(Result<std::unique_ptr<net::ByteStream>> stream);
  void OnWelcome();
  void OnClosed(const Status& reason);
  // Nothing stands any more: drops what is queued, and tries again later.
  void Fail(const Status& why, bool had_messages);
  void DialLater(uint64_t delay_us);
  [[nodiscard]] uint64_t BackoffUs();
  [[nodiscard]] uint64_t NowUs() const { return environment_.executor->clock().MonotonicUs(); }

  const Environment environment_;
  const LinkOptions& options_;
  Prng prng_;
  SendQueue queue_;
  std::vector<net::Address> addresses_;
  size_t next_address_ = 0;

  std::unique_ptr<net::TcpConnector> connector_;
  std::unique_ptr<net::Connection> connection_;
  TimerId timer_;         // of the next attempt, or of the limit of the one under way
  bool dialing_ = false;  // now, or at once
  bool open_ = false;
  bool turned_away_ = false;
  bool told_nobody_ = false;
  size_t refused_in_a_row_ = 0;
  uint32_t failures_ = 0;
  uint32_t short_lived_ = 0;  // connections in a row that opened and did not last
  uint64_t opened_us_ = 0;
  net::Alive alive_;
};

}  // namespace keel::peers
