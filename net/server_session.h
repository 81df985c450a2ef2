// The first bytes of a connection decide what it speaks: HTTP/2 or HTTP/1.1.
//
// HTTP/2's preface begins with a method that no HTTP/1.1 request has ("PRI"); whatever departs from
// the preface is HTTP/1.1. Until that is clear the few bytes are kept; a client that does not send
// them in time is closed. Then everything is passed on to the session that was chosen. Owned by a
// connection, on its executor.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/grpc_server_session.h"
#include "net/http1_session.h"
#include "net/session.h"

namespace keel::net {

enum class Protocol : uint8_t { kUndecided, kHttp1, kHttp2 };
[[nodiscard]] Protocol ProtocolOf(std::string_view first_bytes);

struct ServerSessionOptions {
  GrpcServerOptions grpc;
  Http1Options http1;
};

class ServerSession final : public Session {
 public:
  struct Environment {
    const MethodTable* methods = nullptr;
    const HttpTable* http = nullptr;
    CallRegistry* registry = nullptr;
    SessionHost* host = nullptr;
    std::string peer;
  };

  // `options` outlives the session.
  ServerSession(const ServerSessionOptions& options, Environment environment, uint64_t now_us);

  void Receive(std::string_view bytes, uint64_t now_us) override;
  void Produce(OutputQueue* out) override;
  void OnTime(uint64_t now_us) override;
  [[nodiscard]] uint64_t NextWakeUs() const override;
  void StartDrain(uint64_t now_us) override;
  [[nodiscard]] bool WantsClose() const override;
  void OnTransportClosed(const Status& reason) override;
  [[nodiscard]] Cut cut() const override;
  [[nodiscard]] Held held() const override;

 private:
  void Choose(Protocol protocol, uint64_t now_us);

  const ServerSessionOptions& options_;
  const Environment environment_;
  const uint64_t decide_by_us_;
  std::string first_bytes_;
  std::unique_ptr<Session> chosen_;
  bool closing_ = false;
  bool is_late_ = false;
};

}  // namespace keel::net
