// The ByteStream of a TCP socket; included by .cc files of net/ only, as it shows Asio.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <vector>

#include "net/alive.h"
#include "net/byte_stream.h"

namespace keel::net {

class TcpStream final : public ByteStream {
 public:
  // Takes over an open socket.
  explicit TcpStream(boost::asio::ip::tcp::socket socket);

  void SetOwner(StreamOwner* owner) override { owner_ = owner; }
  [[nodiscard]] Outcome Read(std::span<char> into) override;
  [[nodiscard]] Outcome Write(std::span<const std::string_view> spans) override;
  void WaitReadable() override;
  void WaitWritable() override;
  void Close() override;
  [[nodiscard]] std::string_view peer() const override { return peer_; }

 private:
  boost::asio::ip::tcp::socket socket_;
  StreamOwner* owner_ = nullptr;
  std::string peer_;
  Alive alive_;
};

}  // namespace keel::net
