// Calls as a client makes them, whatever carries them.
//
// AsioChannel carries them over TCP, LocalChannel in memory; code that makes calls knows only this
// page. A call is named by a number that is never used twice: what is asked of a call that is over
// does nothing. Everything belongs to the channel's executor. Coroutines come on top, in the SDK.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/payload.h"
#include "base/status.h"
#include "net/metadata.h"
#include "net/rpc.h"

namespace keel::net {

using ClientCallId = Name<struct ClientCallIdTag>;

// In the trailers of a call that ended before anything of it was sent: it can be made again without
// the risk of being carried out twice.
inline constexpr std::string_view kNeverSent = "keel-never-sent";

struct CallOptions {
  // "/package.Service/Method"
  std::string path;
  // What Metadata::MaySend does not allow is left out.
  Metadata metadata;
  // From Start on; 0 is none.
  uint64_t timeout_us = 0;
  // Sends messages compressed, and asks for compressed ones.
  bool compress = false;
  // Waits for a connection, instead of failing while there is none to be had.
  bool wait_for_ready = false;
};

// One call, as its maker follows it. The channel owns it, and destroys it after OnDone; none of
// these is called from inside Start.
class CallObserver {
 public:
  CallObserver() = default;
  CallObserver(const CallObserver&) = delete;
  CallObserver& operator=(const CallObserver&) = delete;
  virtual ~CallObserver() = default;

  // The response's headers, if they come ahead of its end; valid during the call.
  virtual void OnMetadata(const Metadata& /*metadata*/) {}
  [[nodiscard]] virtual Flow OnMessage(std::string_view message) = 0;
  // A Write said kFull or kRefused; there is room again.
  virtual void OnWritable() {}
  // Always, once, and last, after every message.
  virtual void OnDone(const Status& status, const Metadata& trailers) = 0;
};

class Channel {
 public:
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  virtual ~Channel() = default;

  [[nodiscard]] virtual ClientCallId Start(CallOptions options,
                                           std::unique_ptr<CallObserver> observer) = 0;
  [[nodiscard]] virtual WriteResult Write(ClientCallId call, Payload message) = 0;
  // Nothing more will be written.
  virtual void CloseWrites(ClientCallId call) = 0;
  // The observer is told CANCELLED, later.
  virtual void Cancel(ClientCallId call) = 0;
  virtual void ResumeReads(ClientCallId call) = 0;
};

struct UnaryResult {
  Status status;
  // Set when the status is OK.
  std::string response;
  Metadata trailers;
};

// One request, one answer. `done` is called once, later.
ClientCallId CallUnary(Channel* channel, CallOptions options, Payload request,
                       std::function<void(UnaryResult)> done);

}  // namespace keel::net
