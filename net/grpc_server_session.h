// The server's side of gRPC on one HTTP/2 connection, without a socket.
//
// Routes requests by path, puts messages together, runs deadlines, and frames what handlers answer.
// Handlers run inside Receive, Produce, OnTime, ResumeReads and OnTransportClosed, and are
// destroyed at the end of one of these. Answers come through the CallRegistry by number.
//
// A call lives here from its request's headers until it is finished or cancelled; what it has
// written may wait in the Http2Session for longer. Nothing of a call is read from the wire while
// its handler has paused. A client that does not take its answers is held back by its own requests:
// they wait, unbegun, while too much waits for it. What has begun is answered. Owned by a
// connection, on its executor; the table, the registry and the host outlive it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/call_counts.h"
#include "net/call_registry.h"
#include "net/http2_session.h"
#include "net/message_reader.h"
#include "net/method_table.h"
#include "net/rpc.h"
#include "net/session.h"

namespace keel::net {

struct GrpcServerOptions {
  Http2Options http2;
  // One received message, and what it may become when it is decompressed.
  size_t message_bytes_max = 2 * 1024 * 1024;
  // Unary requests of one connection that have not begun, half sent or waiting, by the sizes that
  // they announce. What comes beyond it is refused; one at a time always fits.
  size_t requests_bytes_max = 128 * 1024 * 1024;
  // What waits to be sent on the connection; from here on its unary requests wait as well, in the
  // order in which they came, until there is less.
  size_t answers_bytes_max = 128 * 1024 * 1024;
  // Answers to a client that compresses are compressed themselves from this size on.
  size_t compress_bytes_min = 1024;
  // Where calls are counted; outlives the sessions. May be null.
  CallCounts* counts = nullptr;
};

class GrpcServerSession final : public Session, public CallSink, private Http2Events {
 public:
  struct Environment {
    const MethodTable* methods = nullptr;
    CallRegistry* registry = nullptr;
    SessionHost* host = nullptr;
    std::string peer;
  };

  GrpcServerSession(const GrpcServerOptions& options, Environment environment, uint64_t now_us);
  ~GrpcServerSession() override;

  // ---- Session ----
  void Receive(std::string_view bytes, uint64_t now_us) override;
  void Produce(OutputQueue* out) override;
  void OnTime(uint64_t now_us) override;
  [[nodiscard]] uint64_t NextWakeUs() const override;
  void StartDrain(uint64_t now_us) override;
  [[nodiscard]] bool WantsClose() const override { return http2_.WantsClose(); }
  void OnTransportClosed(const Status& reason) override;
  [[nodiscard]] Cut cut() const override;
  [[nodiscard]] Held held() const override;

  // ---- CallSink: the answers of this connection's handlers ----
  void SendMetadata(CallId call, const Metadata& metadata) override;
  [[nodiscard]] WriteResult Write(CallId call, Payload message) override;
  void Finish(CallId call, Ending ending) override;
  void ResumeReads(CallId call) override;
  [[nodiscard]] bool IsOpen(CallId call) const override;

  [[nodiscard]] const Http2Session& http2() const { return http2_; }
  [[nodiscard]] size_t calls() const { return calls_.size(); }

 private:
  struct Call {
    const MethodTable::Method* method = nullptr;
    CallCounts::OfMethod* counts = nullptr;
    std::unique_ptr<CallHandler> handler;
    // A unary call's request waits for its end; its headers with it.
    Metadata request;
    MessageReader reader{{}};
    uint64_t deadline_us = 0;
    // Given by OnData, not consumed yet.
    size_t held_bytes = 0;
    // Of a unary request that has not begun: what is here, and what was announced.
    size_t request_bytes = 0;
    size_t reserved_bytes = 0;
    bool accepts_gzip = false;
    bool headers_sent = false;
    bool paused = false;
    bool peer_ended = false;
    bool told_half_close = false;

    // Ready for another request, with the memory kept.
    void Clear();
  };
  using Calls = std::unordered_map<uint64_t, Call>;

  // ---- Http2Events ----
  void OnHeaders(StreamId stream, Block block, Metadata* fields) override;
  void OnData(StreamId stream, std::string_view bytes) override;
  void OnEnd(StreamId stream) override;
  void OnWritable(StreamId stream) override;
  void OnClosed(StreamId stream, uint32_t error_code) override;
  void OnGoAway() override {}

  // What is wrong with a request's headers, if anything; fills in what they say.
  [[nodiscard]] Status Admit(const Metadata& fields, Call* call);
  // A client that does not speak gRPC gets an answer in plain HTTP.
  [[nodiscard]] bool RefuseHttp(StreamId stream, const Metadata& fields);
  void Begin(StreamId stream, Call* call);
  void Deliver(StreamId stream);
  void RunUnary(StreamId stream, Call* call);
  [[nodiscard]] bool HasRoomForAnswers() const;
  // The unary requests that wait, as far as there is room for their answers.
  void RunWaiting();
  void TakeUnary(StreamId stream, Call* call, std::string_view bytes);
  [[nodiscard]] Status CheckUnary(Call* call);
  void ReleaseRequest(Call* call);
  [[nodiscard]] CallContext ContextOf(const Call& call) const;
  [[nodiscard]] Call* Find(StreamId stream);
  void SendHeaders(StreamId stream, Call* call, const Metadata& metadata);
  [[nodiscard]] WriteResult SendMessage(StreamId stream, Call* call, Payload message, bool last);
  void SendEnd(StreamId stream, const Call& call, const Status& status, const Metadata& trailers);
  // The next message of what has arrived, which is counted.
  [[nodiscard]] Result<MessageReader::Next> ReadMessage(Call* call, std::string_view* message);
  // Ends the call from this side, and tells its handler.
  void Abort(StreamId stream, const Status& status);
  // Takes the call out, which ended so; its handler lives on until the drive's end.
  void Forget(StreamId stream, Code code);
  void Touch();
  // Before the outermost function returns.
  void EndDrive();

  const GrpcServerOptions options_;
  const Environment environment_;
  const ConnectionId id_;
  Http2Session http2_;
  Calls calls_;
  // Nodes of past calls, used again with the memory they hold.
  std::vector<Calls::node_type> spare_calls_;
  std::set<std::pair<uint64_t, uint64_t>> deadlines_;
  // Over, but perhaps still running: their handlers and requests live until the drive's end.
  std::vector<Calls::node_type> past_calls_;
  // Of all calls.
  size_t requests_bytes_ = 0;
  size_t reserved_bytes_ = 0;
  // Unary requests, complete and not begun; those that are over meanwhile are skipped.
  std::deque<StreamId> waiting_;
  // Their handlers asked for more inside one of their own functions.
  std::vector<StreamId> resumed_;
  uint64_t now_us_;
  bool driving_ = false;
};

}  // namespace keel::net
