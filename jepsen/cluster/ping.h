// A ping over TCP by a raw socket: bytes out, the same back, with the port known before it
// connects.
//
// Blocking only in Await; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace keel::jepsen {

class PingSocket {
 public:
  PingSocket();
  PingSocket(const PingSocket&) = delete;
  PingSocket& operator=(const PingSocket&) = delete;
  ~PingSocket();

  [[nodiscard]] uint16_t port() const { return port_; }  // 0: there is no socket
  // To a port of the loopback.
  void Connect(uint16_t port);
  struct Load {
    size_t bytes = 1;
    std::chrono::steady_clock::time_point deadline;
  };
  // From Connect to the last byte back.
  [[nodiscard]] std::optional<std::chrono::microseconds> Await(const Load& load);

 private:
  int socket_ = -1;
  uint16_t port_ = 0;
  std::chrono::steady_clock::time_point began_;
};

// Whether somebody listens on that port of the loopback.
[[nodiscard]] bool AcceptsConnections(uint16_t port);

}  // namespace keel::jepsen
