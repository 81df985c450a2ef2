#include "net/tcp_stream.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

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

TcpStream::TcpStream(boost::asio::ip::tcp::socket socket)
    : socket_(std::move(socket)), peer_(PeerOf(socket_)) {
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
}

// The system is called without Asio's wrapping: its speculative reads would cost a call each.
ByteStream::Outcome TcpStream::Read(std::span<char> into) {
  const ssize_t bytes = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
  if (bytes < 0) return Failed(errno, "receiving");
  if (bytes == 0) {
    return {.kind = Outcome::Kind::kClosed, .reason = Unavailable("closed by the peer")};
  }
  return {.bytes = static_cast<size_t>(bytes)};
}

ByteStream::Outcome TcpStream::Write(std::span<const std::string_view> spans) {
  std::array<iovec, kSpansMax> parts;
  const size_t count = std::min(spans.size(), kSpansMax);
  for (size_t i = 0; i < count; ++i) {
    // The system's interface predates const; it does not write to them.
    parts[i] = {const_cast<char*>(spans[i].data()), spans[i].size()};
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  const ssize_t bytes = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
  if (bytes < 0) return Failed(errno, "sending");
  return {.bytes = static_cast<size_t>(bytes)};
}

void TcpStream::WaitReadable() {
  socket_.async_wait(boost::asio::ip::tcp::socket::wait_read,
                     alive_.Guard([this](const boost::system::error_code& error) {
                       if (!error && owner_ != nullptr) owner_->OnReadable();
                     }));
}

void TcpStream::WaitWritable() {
  socket_.async_wait(boost::asio::ip::tcp::socket::wait_write,
                     alive_.Guard([this](const boost::system::error_code& error) {
                       if (!error && owner_ != nullptr) owner_->OnWritable();
                     }));
}

void TcpStream::Close() {
  owner_ = nullptr;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace keel::net
