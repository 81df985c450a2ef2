#include "net/tcp_stream.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "net/tcp.h"

namespace keel::net {

namespace {

constexpr size_t kSpansMax = 64;

ByteStream::Outcome Failed(int error_number, std::string_view context) {
  using Kind = ByteStream::Outcome::Kind;
  if (error_number == EAGAIN || error_number == EWOULDBLOCK || error_number == EINTR) {
    return {.kind = Kind::kWouldBlock};
  }
  return {.kind = Kind::kClosed,
          .reason = Unavailable(std::string(ErrnoStatus(error_number, context).message()))};
}

std::string PeerOf(const boost::asio::ip::tcp::socket& socket) {
  boost::system::error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "unknown";
  return Address{.host = endpoint.address().to_string(), .port = endpoint.port()}.ToString();
}

}  // namespace

TcpStream::TcpStream(ReadySet* ready, boost::asio::ip::tcp::socket socket)
    : ready_(ready), peer_(PeerOf(socket)) {
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  descriptor_ = socket.release(ignored);
  id_ = ready_->Join(descriptor_, this);
}

TcpStream::~TcpStream() { TcpStream::Close(); }

ByteStream::Outcome TcpStream::Read(std::span<char> into) {
  const ssize_t bytes = ::recv(descriptor_, into.data(), into.size(), 0);
  if (bytes < 0) return Failed(errno, "receiving");
  if (bytes == 0) {
    return {.kind = Outcome::Kind::kClosed, .reason = Unavailable("closed by the peer")};
  }
  return {.bytes = static_cast<size_t>(bytes)};
}

ByteStream::Outcome TcpStream::Write(std::span<const std::string_view> spans) {
  if (spans.size() == 1) {
    const ssize_t bytes =
        ::send(descriptor_, spans.front().data(), spans.front().size(), MSG_NOSIGNAL);
    if (bytes < 0) return Failed(errno, "sending");
    return {.bytes = static_cast<size_t>(bytes)};
  }
  std::array<iovec, kSpansMax> parts;
  const size_t count = std::min(spans.size(), kSpansMax);
  for (size_t i = 0; i < count; ++i) {
    // The system's interface predates const; it does not write to them.
    parts[i] = {const_cast<char*>(spans[i].data()), spans[i].size()};
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  const ssize_t bytes = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
  if (bytes < 0) return Failed(errno, "sending");
  return {.bytes = static_cast<size_t>(bytes)};
}

void TcpStream::WaitReadable() { ready_->Ask(id_, ReadySet::kReadable); }

void TcpStream::WaitWritable() { ready_->Ask(id_, ReadySet::kWritable); }

void TcpStream::OnReady(ReadySet::Event event) {
  if (owner_ == nullptr) return;
  if (event == ReadySet::kReadable) return owner_->OnReadable();
  owner_->OnWritable();
}

void TcpStream::Close() {
  owner_ = nullptr;
  if (descriptor_ < 0) return;
  ready_->Leave(id_);
  ::close(std::exchange(descriptor_, -1));
}

}  // namespace keel::net
