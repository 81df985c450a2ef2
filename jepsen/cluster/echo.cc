#include "jepsen/cluster/echo.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <string>

namespace keel::jepsen {
namespace {

constexpr int kBacklog = 256;

int Listen(uint16_t port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  address.sin_port = htons(port);
  const bool is_open =
      ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      ::listen(listener, kBacklog) == 0;
  if (is_open) return listener;
  ::close(listener);
  return -1;
}

// What was read and not yet sent back. False: the connection has ended.
bool Pump(int connection, short events, std::string* held) {
  std::array<char, 65536> buffer{};
  if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) {
    const ssize_t got = ::recv(connection, buffer.data(), buffer.size(), 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return false;
    if (got > 0) held->append(buffer.data(), static_cast<size_t>(got));
  }
  if (held->empty()) return true;
  const ssize_t sent = ::send(connection, held->data(), held->size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN;
  held->erase(0, static_cast<size_t>(sent));
  return true;
}

}  // namespace

Result<std::unique_ptr<EchoServer>> EchoServer::Start(const std::vector<Namespace>& spaces,
                                                      uint16_t port) {
  std::unique_ptr<EchoServer> server(new EchoServer());
  for (const Namespace& space : spaces) {
    int listener = -1;
    space.Run([&] { listener = Listen(port); });
    if (listener < 0) return Internal("no port for an echo in a namespace");
    server->listeners_.push_back(listener);
  }
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe");
  server->ended_ = ends[0];
  server->end_ = ends[1];
  server->thread_ = std::thread([raw = server.get()] { raw->Serve(); });
  return server;
}

EchoServer::~EchoServer() {
  if (end_ >= 0) ::close(end_);
  if (thread_.joinable()) thread_.join();
  if (ended_ >= 0) ::close(ended_);
  for (const int listener : listeners_) ::close(listener);
}

void EchoServer::Serve() {
  std::map<int, std::string> connections;  // what is held of each
  while (true) {
    std::vector<pollfd> wanted = {{.fd = ended_, .events = POLLIN, .revents = 0}};
    for (const int listener : listeners_) {
      wanted.push_back({.fd = listener, .events = POLLIN, .revents = 0});
    }
    for (const auto& [connection, held] : connections) {
      const auto events = static_cast<short>(POLLIN | (held.empty() ? 0 : POLLOUT));
      wanted.push_back({.fd = connection, .events = events, .revents = 0});
    }
    if (::poll(wanted.data(), wanted.size(), -1) < 0 && errno != EINTR) break;
    if (wanted[0].revents != 0) break;
    for (size_t i = 1; i < wanted.size(); i++) {
      if (wanted[i].revents == 0) continue;
      if (i > listeners_.size()) {
        std::string* held = &connections[wanted[i].fd];
        if (Pump(wanted[i].fd, wanted[i].revents, held)) continue;
        connections.erase(wanted[i].fd);
        ::close(wanted[i].fd);
        continue;
      }
      const int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
      const int connection = ::accept4(wanted[i].fd, nullptr, nullptr, flags);
      if (connection >= 0) connections[connection];
    }
  }
  for (const auto& [connection, held] : connections) ::close(connection);
}

}  // namespace keel::jepsen
