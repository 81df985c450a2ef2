// The ByteStream of a TCP socket; included by .cc files of net/ only, as it shows Asio.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <vector>

#include "net/byte_stream.h"
#include "net/ready_set.h"

namespace keel::net {

class TcpStream final : public ByteStream, private ReadySet::Member {
 public:
  // Takes over an open socket, which Asio waits for no more: `ready` does, and outlives the stream.
  TcpStream(ReadySet* ready, boost::asio::ip::tcp::socket socket);
  ~TcpStream() override;

  void SetOwner(StreamOwner* owner) override { owner_ = owner; }
  [[nodiscard]] Outcome Read(std::span<char> into) override;
  [[nodiscard]] Outcome Write(std::span<const std::string_view> spans) override;
  void WaitReadable() override;
  void WaitWritable() override;
  void Close() override;
  [[nodiscard]] std::string_view peer() const override { return peer_; }

 private:
  void OnReady(ReadySet::Event event) override;

  ReadySet* const ready_;
  const std::string peer_;
  int descriptor_ = -1;  // none once it is closed
  ReadySet::Id id_;
  StreamOwner* owner_ = nullptr;
};

}  // namespace keel::net
