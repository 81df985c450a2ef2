#include "jepsen/cluster/ping.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

namespace keel::jepsen {
namespace {

constexpr timeval kConnectPatience{.tv_sec = 0, .tv_usec = 200'000};

sockaddr_in AddressOf(const std::string& host, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

PingSocket::PingSocket(const std::string& host)
    : host_(host), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  const bool is_here = host.starts_with("127.");
  sockaddr_in address = AddressOf(is_here ? host : "0.0.0.0", 0);
  socklen_t bytes = sizeof(address);
  if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), bytes) != 0) return;
  if (::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) return;
  port_ = ntohs(address.sin_port);
}

PingSocket::~PingSocket() {
  if (socket_ >= 0) ::close(socket_);
}

void PingSocket::Connect(uint16_t port) {
  began_ = std::chrono::steady_clock::now();
  const sockaddr_in address = AddressOf(host_, port);
  // In progress, or refused: Await finds out.
  (void)::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

std::optional<std::chrono::microseconds> PingSocket::Await(const Load& load) {
  std::string unsent(load.bytes, 'p');
  size_t missing = load.bytes;
  std::array<char, 65536> buffer{};
  while (missing > 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        load.deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return std::nullopt;
    pollfd wanted{.fd = socket_, .events = POLLIN, .revents = 0};
    if (!unsent.empty()) wanted.events |= POLLOUT;
    if (::poll(&wanted, 1, static_cast<int>(left.count())) <= 0) continue;
    if ((wanted.revents & (POLLERR | POLLHUP)) != 0) return std::nullopt;
    if ((wanted.revents & POLLOUT) != 0) {
      const ssize_t sent = ::send(socket_, unsent.data(), unsent.size(), MSG_NOSIGNAL);
      if (sent > 0) unsent.erase(0, static_cast<size_t>(sent));
    }
    if ((wanted.revents & POLLIN) != 0) {
      const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
      if (got == 0) return std::nullopt;
      if (got > 0) missing -= std::min(missing, static_cast<size_t>(got));
    }
  }
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               began_);
}

bool AcceptsConnections(const std::string& host, uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = AddressOf(host, port);
  // It bounds connect, too.
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &kConnectPatience, sizeof(kConnectPatience));
  const bool is_open =
      ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(descriptor);
  return is_open;
}

}  // namespace keel::jepsen
