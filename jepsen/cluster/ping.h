// A ping over TCP by a raw socket: bytes out, the same back, with the port known before it
// connects.
//
// Blocking only in Await; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace keel::jepsen {

class PingSocket {
 public:
  // `host`: whom it will talk to, an address of IPv4.
  explicit PingSocket(const std::string& host = "127.0.0.1");
  PingSocket(const PingSocket&) = delete;
  PingSocket& operator=(const PingSocket&) = delete;
  ~PingSocket();

  [[nodiscard]] uint16_t port() const { return port_; }  // 0: there is no socket
  // To a port of that host.
  void Connect(uint16_t port);
  struct Load {
    size_t bytes = 1;
    std::chrono::steady_clock::time_point deadline;
  };
  // From Connect to the last byte back.
  [[nodiscard]] std::optional<std::chrono::microseconds> Await(const Load& load);

 private:
  const std::string host_;
  int socket_ = -1;
  uint16_t port_ = 0;
  std::chrono::steady_clock::time_point began_;
};

// Whether somebody listens there.
[[nodiscard]] bool AcceptsConnections(const std::string& host, uint16_t port);

}  // namespace keel::jepsen
