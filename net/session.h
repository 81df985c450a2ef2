// A protocol without a socket: bytes in, bytes out, time as an argument.
//
// A Connection (or a test, or a simulation) drives it: it feeds what arrived, then asks for what to
// send. Nothing here blocks, reads a clock or touches a socket. A session belongs to one executor.
//
// The rules of the drive:
//  - Produce is asked again whenever output was written, and after each Receive, OnTime, or
//    WantsFlush. It adds little beyond the queue's high mark: a slow socket holds the session back.
//  - OnTime is called no earlier than NextWakeUs.
//  - Once WantsClose is true and all output is written, the transport closes.
//  - OnTransportClosed is the last call; everything that still ran is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/status.h"
#include "net/output_queue.h"

namespace keel::net {

// Who drives a session.
class SessionHost {
 public:
  SessionHost() = default;
  SessionHost(const SessionHost&) = delete;
  SessionHost& operator=(const SessionHost&) = delete;
  virtual ~SessionHost() = default;

  // There may be output, or an earlier wake: drive the session soon, and not from inside this call.
  // Many of these become one flush.
  virtual void WantsFlush() = 0;
};

class Session {
 public:
  static constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  virtual void Receive(std::string_view bytes, uint64_t now_us) = 0;
  virtual void Produce(OutputQueue* out) = 0;
  virtual void OnTime(uint64_t now_us) = 0;
  [[nodiscard]] virtual uint64_t NextWakeUs() const = 0;

  // Takes no new work, finishes what runs, then wants to close.
  virtual void StartDrain(uint64_t now_us) = 0;
  [[nodiscard]] virtual bool WantsClose() const = 0;
  // Why this side ended the connection, for a count and for the log: one of cut_words, and what
  // there is to say beside it. No word if it did not end it, or had no fault to find.
  struct Cut {
    std::string_view word;
    std::string_view detail;
  };
  [[nodiscard]] virtual Cut cut() const { return {}; }
  // What is in memory for the peer: of requests that are not done with, and of answers on their
  // way.
  struct Held {
    size_t requests_bytes = 0;
    size_t answers_bytes = 0;
  };
  [[nodiscard]] virtual Held held() const { return {}; }
  // `reason` is never OK: how the connection was lost, or that this side closed it.
  virtual void OnTransportClosed(const Status& reason) = 0;
};

}  // namespace keel::net
