// A listening server: accepts connections, gives each a ServerSession, drains at the end.
//
// One server lives on one executor, with its handlers; several executors may each have one. It
// routes by tables that do not change and outlive it. Connections beyond the bound are closed at
// once, and counted: a client sees a clean failure and goes elsewhere. Destroyed on its executor,
// or after that has ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "net/alive.h"
#include "net/call_registry.h"
#include "net/connection.h"
#include "net/server_session.h"
#include "net/session.h"
#include "net/tcp.h"

namespace keel::net {

struct ServerOptions {
  Address address;
  ServerSessionOptions session;
  size_t connections_max = 20'000;
  // Each time that the system gave no connection, most likely for want of descriptors: those who
  // connect wait, and it is tried again. May be empty.
  std::function<void(const Status&)> on_accept_failed;
  // Each connection that this side ended because of what the peer did, or did not do. May be empty.
  std::function<void(std::string_view peer, const Session::Cut&)> on_cut;
  // The seam for TLS: what stands between the socket and the session.
  std::function<std::unique_ptr<ByteStream>(std::unique_ptr<ByteStream>)> wrap_stream;
};

class Server {
 public:
  struct Tables {
    const MethodTable* methods = nullptr;
    const HttpTable* http = nullptr;
  };
  struct Counts {
    uint64_t accepted = 0;
    uint64_t refused = 0;
    size_t open = 0;
    // Of all that are open.
    Session::Held held;
  };

  [[nodiscard]] static Result<std::unique_ptr<Server>> Start(AsioExecutor* executor,
                                                             ServerOptions options, Tables tables);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] Counts counts() const;

  // Stops accepting, tells the clients, and lets what runs finish for `grace_us`; what is left then
  // is cut. `on_drained` is called once, when no connection is left.
  void Drain(uint64_t grace_us, std::function<void()> on_drained);

 private:
  Server(AsioExecutor* executor, ServerOptions options, Tables tables);

  void OnAccept(std::unique_ptr<ByteStream> stream);
  void OnClosed(uint64_t number);
  void CutAll();

  AsioExecutor* const executor_;
  const ServerOptions options_;
  const Tables tables_;
  Address address_;
  CallRegistry registry_;
  std::vector<char> receive_buffer_;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections_;
  std::unique_ptr<TcpListener> listener_;
  uint64_t accepted_ = 0;
  uint64_t refused_ = 0;
  TimerId cut_timer_;
  std::function<void()> on_drained_;
  Alive alive_;
};

}  // namespace keel::net
