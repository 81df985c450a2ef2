// The client's side of gRPC on one HTTP/2 connection, without a socket.
//
// Calls are opened, written and cancelled by command; observers are told inside Receive, Produce,
// OnTime and OnTransportClosed, and destroyed at the end of one of these. A call that cannot go on,
// for whatever reason, ends with OnDone exactly once. Owned by a connection, on its executor.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/channel.h"
#include "net/http2_session.h"
#include "net/message_reader.h"
#include "net/session.h"

namespace keel::net {

struct GrpcClientOptions {
  // A server may ping and reset as it likes. Without calls we do not ping: servers take it ill.
  Http2Options http2 = {.role = Http2Role::kClient,
                        .ping_interval_min_us = 0,
                        .resets = {.burst = 1'000'000, .per_second = 1'000'000},
                        .keepalive_without_streams = false};
  // Sent as :authority.
  std::string authority = "localhost";
  std::string scheme = "http";
  std::string user_agent = "keel";
  // One received message, and what it may become when it is decompressed.
  size_t message_bytes_max = 64 * 1024 * 1024;
  // Messages of a compressed call are compressed from this size on.
  size_t compress_bytes_min = 1024;
  // Calls at once, those included that wait for the server's stream limit; beyond it a call is
  // refused.
  size_t calls_max = 100'000;
};

class GrpcClientSession final : public Session, private Http2Events {
 public:
  // `host` outlives the session.
  GrpcClientSession(const GrpcClientOptions& options, SessionHost* host, uint64_t now_us);

  // ---- Session ----
  void Receive(std::string_view bytes, uint64_t now_us) override;
  void Produce(OutputQueue* out) override;
  void OnTime(uint64_t now_us) override;
  [[nodiscard]] uint64_t NextWakeUs() const override;
  void StartDrain(uint64_t now_us) override;
  [[nodiscard]] bool WantsClose() const override { return http2_.WantsClose(); }
  void OnTransportClosed(const Status& reason) override;

  // ---- calls ----
  [[nodiscard]] bool TakesCalls() const { return http2_.TakesRequests(); }
  struct Begin {
    CallOptions options;
    // On the session's time; 0 is none. Stands for options.timeout_us.
    uint64_t deadline_us = 0;
  };
  // On failure the observer is left with the caller. A first Write right after it is never refused.
  [[nodiscard]] Result<StreamId> Start(const Begin& begin, std::unique_ptr<CallObserver>* observer,
                                       uint64_t now_us);
  [[nodiscard]] WriteResult Write(StreamId stream, Payload message);
  void CloseWrites(StreamId stream);
  void Cancel(StreamId stream);
  void ResumeReads(StreamId stream);
  // Tells the observer, later, that it may write: for one that was told to wait elsewhere.
  void AnnounceRoom(StreamId stream);

  [[nodiscard]] const Http2Session& http2() const { return http2_; }
  [[nodiscard]] size_t calls() const { return calls_.size(); }

 private:
  struct Call {
    // As if made anew, with the memory kept.
    void Reset();

    std::unique_ptr<CallObserver> observer;
    MessageReader reader{{}};
    uint64_t deadline_us = 0;
    size_t held_bytes = 0;
    Status status;
    Metadata trailers;
    bool has_status = false;
    bool compress = false;
    bool paused = false;
    bool writes_closed = false;
    bool peer_ended = false;
  };
  using Calls = std::unordered_map<uint64_t, Call>;
  // When due, and whose.
  using Deadlines = std::set<std::pair<uint64_t, uint64_t>>;

  // ---- Http2Events ----
  void OnHeaders(StreamId stream, Block block, Metadata* fields) override;
  void OnData(StreamId stream, std::string_view bytes) override;
  void OnEnd(StreamId stream) override;
  void OnWritable(StreamId stream) override;
  void OnClosed(StreamId stream, uint32_t error_code) override;
  void OnGoAway() override {}

  [[nodiscard]] Status CheckResponse(const Metadata& fields, Call* call);
  static void TakeStatus(const Metadata& fields, Call* call);
  void Deliver(StreamId stream);
  // The end that this side decides: resets the stream if it is still open.
  void Fail(StreamId stream, const Status& status);
  void Done(StreamId stream, const Status& status, const Metadata& trailers);
  [[nodiscard]] Call* Find(StreamId stream);
  [[nodiscard]] Call& Add(StreamId stream);
  void SetDeadline(StreamId stream, uint64_t due_us);
  void ClearDeadline(StreamId stream, uint64_t due_us);
  void Touch();
  void EndDrive();

  const GrpcClientOptions options_;
  SessionHost* const host_;
  Http2Session http2_;
  Calls calls_;
  Deadlines deadlines_;
  // Over, but perhaps still running: until the drive's end.
  std::vector<Calls::node_type> past_calls_;
  // What past calls leave to those that come: with hundreds on their way, an allocator's own caches
  // are too small. Bounded in number and in bytes.
  std::vector<Calls::node_type> spare_calls_;
  std::vector<Deadlines::node_type> spare_deadlines_;
  std::vector<Metadata::Field> fields_;
  std::vector<StreamId> resumed_;
  std::vector<StreamId> cancelled_;
  std::vector<StreamId> roomy_;
  bool driving_ = false;
};

}  // namespace keel::net
