#include "tools/keelctl/calls/http.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <ctime>
#include <memory>

#include "tools/keelctl/calls/wire.h"

namespace keel::ctl {
namespace {

constexpr size_t kAnswerBytesMax = size_t{16} << 20;
using SteadyClock = std::chrono::steady_clock;

class Socket {
 public:
  explicit Socket(int file) : file_(file) {}
  ~Socket() {
    if (file_ >= 0) close(file_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int get() const { return file_; }

 private:
  const int file_;
};

// Waits until the socket can be read or written; false when the time is over.
bool Wait(const Socket& socket, short events, SteadyClock::time_point deadline) {
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now());
    if (left.count() <= 0) return false;
    struct pollfd entry = {.fd = socket.get(), .events = events, .revents = 0};
    const int ready = poll(&entry, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

Result<std::unique_ptr<Socket>> Connect(const net::Address& address,
                                        SteadyClock::time_point deadline) {
  const std::string where = "connecting to " + address.ToString();
  struct addrinfo hints {};
  hints.ai_socktype = SOCK_STREAM;
  struct addrinfo* found = nullptr;
  if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) !=
      0) {
    return Unavailable(where + ": no such host");
  }
  const std::unique_ptr<struct addrinfo, decltype(&freeaddrinfo)> guard(found, &freeaddrinfo);
  auto made = std::make_unique<Socket>(
      socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made->get() < 0) return ErrnoStatus(errno, where);
  if (connect(made->get(), found->ai_addr, found->ai_addrlen) == 0) return made;
  if (errno != EINPROGRESS) return Unavailable(where + ": refused");
  if (!Wait(*made, POLLOUT, deadline)) return Unavailable(where + ": timed out");
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(made->get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return Unavailable(where + ": refused");
  return made;
}

std::string HeaderNamed(const std::string& head, std::string_view name) {
  std::string lower = head;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const size_t at = lower.find("\r\n" + std::string(name) + ":");
  if (at == std::string::npos) return "";
  const size_t begin = head.find_first_not_of(' ', at + name.size() + 3);
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

int64_t SecondsOf(const std::string& date) {
  struct tm parts {};
  if (strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) == nullptr) return 0;
  return timegm(&parts);
}

// True when all of the answer is there.
bool IsComplete(const std::string& text, size_t* body_at, std::string* head) {
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  *body_at = end + 4;
  *head = text.substr(0, end + 2);
  const std::string length = HeaderNamed(*head, "content-length");
  size_t bytes = 0;
  const auto [last, error] = std::from_chars(length.data(), length.data() + length.size(), bytes);
  return !length.empty() && error == std::errc() && text.size() >= *body_at + bytes;
}

}  // namespace

Result<HttpAnswer> HttpGet(const std::string& endpoint, const std::string& path,
                           uint64_t timeout_us) {
  const auto deadline = SteadyClock::now() + std::chrono::microseconds(timeout_us);
  const auto address = ParseEndpoint(endpoint);
  if (!address.ok()) return address.status();
  const auto connected = Connect(*address, deadline);
  if (!connected.ok()) return connected.status();
  const Socket& socket = **connected;
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: " + address->ToString() +
                              "\r\nConnection: close\r\nAccept: text/plain\r\n\r\n";
  const std::string where = address->ToString() + path;
  if (send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return Unavailable(where + ": the request could not be sent");
  }
  std::string text;
  std::string head;
  size_t body_at = 0;
  std::array<char, 65536> buffer{};
  while (!IsComplete(text, &body_at, &head)) {
    if (!Wait(socket, POLLIN, deadline)) return DeadlineExceeded(where + ": no answer in time");
    const ssize_t got = recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return Unavailable(where + ": the connection broke");
    if (got == 0) break;
    text.append(buffer.data(), static_cast<size_t>(got));
    if (text.size() > kAnswerBytesMax)
      return ResourceExhausted(where + ": the answer is too large");
  }
  HttpAnswer answer;
  if (body_at == 0 || text.size() < 12) return Unavailable(where + ": not an HTTP answer");
  std::from_chars(text.data() + 9, text.data() + 12, answer.code);
  answer.date_seconds = SecondsOf(HeaderNamed(head, "date"));
  answer.body = text.substr(body_at);
  return answer;
}

}  // namespace keel::ctl
