// Client and server in one process, in memory: the handlers of a MethodTable behind a Channel.
//
// For simulation and for tests of services without HTTP/2. It keeps the promises of the real
// transport: nothing is called from inside a command, queues are bounded both ways, a handler that
// pauses holds its client back, deadlines and cancels reach both ends, and a late answer meets
// nothing. Everything happens in tasks of one executor, so a seeded one decides the order. The
// table and the executor outlive it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/executor.h"
#include "net/alive.h"
#include "net/channel.h"
#include "net/method_table.h"
#include "net/rpc.h"

namespace keel::net {

class LocalChannel final : public Channel, private CallSink {
 public:
  struct Options {
    const MethodTable* methods = nullptr;
    Executor* executor = nullptr;
    const Clock* clock = nullptr;
    std::string peer = "local";
    // Each way of each call; at the bound writes are refused until it is half empty.
    size_t queue_bytes_max = 256 * 1024;
    size_t message_bytes_max = 2 * 1024 * 1024;
  };

  explicit LocalChannel(Options options) : options_(std::move(options)) {}
  ~LocalChannel() override;

  // ---- Channel: the client's end ----
  [[nodiscard]] ClientCallId Start(CallOptions options,
                                   std::unique_ptr<CallObserver> observer) override;
  [[nodiscard]] WriteResult Write(ClientCallId call, Payload message) override;
  void CloseWrites(ClientCallId call) override;
  void Cancel(ClientCallId call) override;
  void ResumeReads(ClientCallId call) override;

  // As if the connection were lost: every call ends with `reason` at both ends.
  void Break(const Status& reason);

 private:
  // One direction of a call.
  struct Lane {
    std::deque<Payload> queue;
    size_t bytes = 0;
    bool paused = false;
    bool wants_room = false;
    bool ended = false;
  };

  struct Call {
    CallOptions options;
    Metadata request;
    const MethodTable::Method* method = nullptr;
    std::unique_ptr<CallObserver> observer;
    std::unique_ptr<CallHandler> handler;
    Lane up;
    Lane down;
    Metadata headers;
    Ending ending;
    // Ended from outside: deadline, cancel, a broken connection.
    Status cut;
    uint64_t deadline_us = 0;
    TimerId deadline_timer;
    bool begun = false;
    bool headers_sent = false;
    bool headers_told = false;
    bool half_close_told = false;
    bool posted = false;
  };

  // ---- CallSink: the server's end ----
  void SendMetadata(CallId call, const Metadata& metadata) override;
  [[nodiscard]] WriteResult Write(CallId call, Payload message) override;
  void Finish(CallId call, Ending ending) override;
  void ResumeReads(CallId call) override;
  [[nodiscard]] bool IsOpen(CallId call) const override;

  [[nodiscard]] Call* Find(uint64_t number);
  // The call, while its handler may still answer.
  [[nodiscard]] Call* FindServing(CallId call);
  [[nodiscard]] WriteResult Put(Lane* lane, Payload message) const;
  void PostStep(uint64_t number, Call* call);
  void CutOff(uint64_t number, const Status& reason);
  // Moves a call on as far as it goes.
  void Step(uint64_t number);
  void Begin(uint64_t number, Call* call);
  // Each true if it did something.
  [[nodiscard]] bool StepUp(uint64_t number, Call* call);
  [[nodiscard]] bool StepDown(Call* call);
  [[nodiscard]] bool AnnounceRoom(Call* call);
  void RunUnary(uint64_t number, Call* call);
  void End(uint64_t number);

  const Options options_;
  uint64_t last_call_ = 0;
  std::unordered_map<uint64_t, std::unique_ptr<Call>> calls_;
  Alive alive_;
};

}  // namespace keel::net
