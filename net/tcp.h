// TCP on an AsioExecutor: listening, connecting, and the ByteStream of an open connection.
//
// Sockets are non-blocking and send without delay (TCP_NODELAY). Everything runs on the executor
// given, which outlives what is made on it. Addresses are numeric; a name is resolved when
// connecting. No Asio in this header.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/asio_executor.h"
#include "net/byte_stream.h"

namespace keel::net {

struct Address {
  std::string host = "127.0.0.1";
  // 0 lets the system choose, when listening.
  uint16_t port = 0;

  [[nodiscard]] std::string ToString() const;
};

// Accepts until it is destroyed. When the process has no descriptors left it waits and tries again.
class TcpListener {
 public:
  struct Options {
    Address address;
    int backlog = 1024;
    uint64_t retry_us = 100'000;
    // Each time that the system gave no connection, before it waits; may be empty. The listener
    // must outlive the call.
    std::function<void(const Status&)> on_failed;
  };
  using OnAccept = std::function<void(std::unique_ptr<ByteStream>)>;

  [[nodiscard]] static Result<std::unique_ptr<TcpListener>> Listen(AsioExecutor* executor,
                                                                   const Options& options,
                                                                   OnAccept on_accept);
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;
  ~TcpListener();

  // Where it really listens.
  [[nodiscard]] const Address& address() const { return address_; }

 private:
  struct Impl;
  TcpListener(std::unique_ptr<Impl> impl, Address address);

  std::unique_ptr<Impl> impl_;
  Address address_;
};

// One attempt to connect; destroying it gives the attempt up.
class TcpConnector {
 public:
  using OnConnect = std::function<void(Result<std::unique_ptr<ByteStream>>)>;

  // `on_connect` is called once, later, unless the connector is destroyed first.
  TcpConnector(AsioExecutor* executor, const Address& address, OnConnect on_connect);
  TcpConnector(const TcpConnector&) = delete;
  TcpConnector& operator=(const TcpConnector&) = delete;
  ~TcpConnector();

  // In `on_connect`, of a failure: the machine answered that nobody listens there.
  [[nodiscard]] bool refused() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace keel::net
