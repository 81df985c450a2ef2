// Calls as a handler sees them, whatever carries them: bytes, metadata and a Status.
//
// A service is written against this page alone and runs unchanged over HTTP/2 (GrpcServerSession),
// and in memory (LocalChannel). Everything here belongs to one executor, the transport's; a handler
// that works elsewhere posts its answer back to it.
//
// A handler answers through a ServerCall: a name of the call, not a pointer to it. It may be copied
// and kept for as long as one likes; once the call is over (finished, cancelled, its connection
// gone) every use of it is a harmless no-op that says kGone. Only the CallSink behind it must
// outlive it: the sink lives as long as the server.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/ids.h"
#include "base/payload.h"
#include "base/status.h"
#include "net/metadata.h"

namespace keel::net {

// Numbers a transport's connections; never used twice.
using ConnectionId = Name<struct ConnectionIdTag>;
// A stream of one connection; never used twice within it.
using StreamId = Name<struct StreamIdTag>;

struct CallId {
  ConnectionId connection;
  StreamId stream;

  friend constexpr auto operator<=>(const CallId&, const CallId&) = default;
};

// How far the sending side of a call can go.
enum class WriteResult : uint8_t {
  kMore,     // taken; go on
  kFull,     // taken, and the queue is now at its bound: wait for OnWritable
  kRefused,  // not taken: the queue was at its bound already
  kGone,     // not taken: the call is over, or its sending side is
};

// What a receiver says after each message.
enum class Flow : uint8_t {
  kMore,   // the next one may come
  kPause,  // nothing more until ResumeReads; the peer is held back by flow control
};

// The transport, as calls are answered through it.
class CallSink {
 public:
  // How a call ends: its last message, if it has one, its status and its trailers.
  struct Ending {
    Status status;
    Payload message;
    bool has_message = false;
    Metadata trailers;
  };

  CallSink() = default;
  CallSink(const CallSink&) = delete;
  CallSink& operator=(const CallSink&) = delete;
  virtual ~CallSink() = default;

  // Response headers, ahead of the first message; a no-op after it.
  virtual void SendMetadata(CallId call, const Metadata& metadata) = 0;
  [[nodiscard]] virtual WriteResult Write(CallId call, Payload message) = 0;
  virtual void Finish(CallId call, Ending ending) = 0;
  virtual void ResumeReads(CallId call) = 0;
  [[nodiscard]] virtual bool IsOpen(CallId call) const = 0;
};

class ServerCall {
 public:
  ServerCall() = default;
  ServerCall(CallSink* sink, CallId id) : sink_(sink), id_(id) {}

  [[nodiscard]] CallId id() const { return id_; }

  // The one answer of a unary or client-streaming call.
  void Reply(Payload message) const {
    sink_->Finish(id_, {.status = {}, .message = std::move(message), .has_message = true});
  }
  void Finish(Status status) const { sink_->Finish(id_, {.status = std::move(status)}); }
  void Finish(CallSink::Ending ending) const { sink_->Finish(id_, std::move(ending)); }

  void SendMetadata(const Metadata& metadata) const { sink_->SendMetadata(id_, metadata); }
  [[nodiscard]] WriteResult Write(Payload message) const {
    return sink_->Write(id_, std::move(message));
  }
  void ResumeReads() const { sink_->ResumeReads(id_); }
  // False once answers are no longer wanted: work for this call may stop.
  [[nodiscard]] bool IsOpen() const { return sink_ != nullptr && sink_->IsOpen(id_); }

 private:
  CallSink* sink_ = nullptr;
  CallId id_;
};

// What is known when a call begins. Valid during that one function only: copy what is needed later.
struct CallContext {
  // "/package.Service/Method"
  std::string_view path;
  // As on the wire, with HTTP/2's and gRPC's own fields among them.
  const Metadata& metadata;
  // The address of the other end: "127.0.0.1:53012".
  std::string_view peer;
  // On the transport's monotonic clock; 0 is none. The transport enforces it.
  uint64_t deadline_us = 0;
};

// One streaming call. The transport owns it: made when the call begins, destroyed when it is over,
// never inside one of its own functions. After a Finish, or OnCancelled, none of them runs again.
class CallHandler {
 public:
  CallHandler() = default;
  CallHandler(const CallHandler&) = delete;
  CallHandler& operator=(const CallHandler&) = delete;
  virtual ~CallHandler() = default;

  // Begins the call's work; ServerCall and CallContext were given when it was made.
  // `message` is valid during the call.
  [[nodiscard]] virtual Flow OnMessage(std::string_view message) = 0;
  // The client has said all that it will say.
  virtual void OnHalfClose() = 0;
  // A Write said kFull or kRefused; there is room again.
  virtual void OnWritable() {}
  // The client gave up, the deadline passed, or the connection is gone. Nothing can be answered.
  virtual void OnCancelled(const Status& /*reason*/) {}
};

// A unary method: called once the whole request is there; answered now or later, by Reply or
// Finish. `request` is valid during the call.
using UnaryMethod =
    std::function<void(ServerCall call, const CallContext& context, std::string_view request)>;
// Any other method. Returning null means that `call` has been finished already.
using StreamingMethod =
    std::function<std::unique_ptr<CallHandler>(ServerCall call, const CallContext& context)>;

}  // namespace keel::net
