// A Channel over TCP: one multiplexed connection to one address, made when it is needed.
//
// A call that finds no connection waits while one is being made; it fails with UNAVAILABLE when the
// attempt fails, unless it waits for ready. After a failure the next attempt waits, longer each
// time, with jitter (so that a cluster's clients do not come back in step). When the server says
// goodbye, running calls finish on the old connection and new ones go to a new one. Calls are never
// sent twice: whether one may be repeated is for its maker to know.
//
// What waits for a connection is bounded by calls and bytes; beyond that a call is refused. Lives
// on one executor and is destroyed there, or after that has ended; then its calls end with
// CANCELLED.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/prng.h"
#include "net/alive.h"
#include "net/asio_executor.h"
#include "net/channel.h"
#include "net/connection.h"
#include "net/grpc_client_session.h"
#include "net/tcp.h"

namespace keel::net {

struct AsioChannelOptions {
  Address address;
  GrpcClientOptions grpc;
  uint64_t connect_timeout_us = 5'000'000;
  uint64_t backoff_us_min = 50'000;
  uint64_t backoff_us_max = 5'000'000;
  // Calls that wait for a connection, and what they have written.
  size_t pending_calls_max = 10'000;
  size_t pending_bytes_max = 16 * 1024 * 1024;
  // Of the jitter.
  uint64_t seed = 1;
  // The seam for TLS, as in ServerOptions.
  std::function<std::unique_ptr<ByteStream>(std::unique_ptr<ByteStream>)> wrap_stream;
};

class AsioChannel final : public Channel {
 public:
  enum class State : uint8_t { kIdle, kConnecting, kReady, kBackoff };

  AsioChannel(AsioExecutor* executor, AsioChannelOptions options);
  ~AsioChannel() override;

  // Begins to connect, if it has not.
  void Connect();
  [[nodiscard]] State state() const { return state_; }

  [[nodiscard]] ClientCallId Start(CallOptions options,
                                   std::unique_ptr<CallObserver> observer) override;
  [[nodiscard]] WriteResult Write(ClientCallId call, Payload message) override;
  void CloseWrites(ClientCallId call) override;
  void Cancel(ClientCallId call) override;
  void ResumeReads(ClientCallId call) override;

 private:
  class Followed;

  struct Link {
    std::unique_ptr<Connection> connection;
    // Owned by the connection.
    GrpcClientSession* session = nullptr;
  };

  // Where a call runs.
  struct Place {
    GrpcClientSession* session = nullptr;
    StreamId stream;
  };

  // A call that found no connection: as long as it waits, and as long as it runs then.
  struct Call {
    // Where it runs; 0 while it waits.
    uint64_t link = 0;
    StreamId stream;
    // What a waiting call is made of.
    GrpcClientSession::Begin begin;
    std::unique_ptr<CallObserver> observer;
    std::vector<Payload> written;
    size_t written_bytes = 0;
    bool writes_closed = false;
    // A write was told to wait.
    bool wants_room = false;
    TimerId deadline_timer;
  };

  void OnConnected(Result<std::unique_ptr<ByteStream>> stream);
  void OnConnectFailed(const Status& reason);
  void OnLinkClosed(uint64_t number, const Status& reason);
  // Gives up a connection that takes no new calls; what runs on it finishes.
  void LeaveIfClosing();
  void StartPending();
  void Launch(ClientCallId id, Call* call);
  // All but those that wait for ready.
  void FailPending(const Status& reason);
  // Ends a waiting call, later.
  void EndPending(ClientCallId id, const Status& status);
  // Without a session if it waits, or is over.
  [[nodiscard]] Place PlaceOf(ClientCallId id) const;

  AsioExecutor* const executor_;
  const AsioChannelOptions options_;
  Prng jitter_;
  State state_ = State::kIdle;
  uint64_t last_call_ = 0;
  uint64_t last_link_ = 0;
  // The link that new calls take, if the state is kReady.
  uint64_t current_ = 0;
  std::vector<char> receive_buffer_;
  // By their ids.
  std::unordered_map<uint64_t, Call> calls_;
  // Waiting for a connection, in their order.
  std::vector<ClientCallId> pending_;
  size_t pending_bytes_ = 0;
  std::unique_ptr<TcpConnector> connector_;
  TimerId connect_timer_;
  uint64_t backoff_us_;
  Status last_failure_;
  Alive alive_;
  // Last: connections tell their calls when they are destroyed.
  std::unordered_map<uint64_t, Link> links_;
};

}  // namespace keel::net
