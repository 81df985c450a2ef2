// Drives a Session over a ByteStream: the whole loop of an open connection, without Asio.
//
// It reads what there is into a buffer that all connections of an executor share, hands it to the
// session, and sends what the session has to say: however many streams wrote since the last turn of
// the loop, they leave in one gathered write. A socket that takes no more holds the session back. A
// connection that should close but cannot send its last words is cut after a while.
//
// Owned by a server or a channel, on one executor, which `on_closed` asks to destroy it: later, not
// from inside the call.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/status.h"
#include "net/alive.h"
#include "net/byte_stream.h"
#include "net/output_queue.h"
#include "net/session.h"

namespace keel::net {

class Connection final : public SessionHost, private StreamOwner {
 public:
  struct Environment {
    Executor* executor = nullptr;
    const Clock* clock = nullptr;
    // Only used within one turn.
    std::span<char> receive_buffer;
    // Once, with the reason; the session has been told before.
    std::function<void(const Status&)> on_closed;
    uint64_t linger_us = 1'000'000;
    // What the session is given at a time, before it may send: less than the buffer where its
    // answer to the first bytes is work for the peer, while the others are still being looked at.
    size_t slice_bytes_max = std::string_view::npos;
  };
  using MakeSession = std::function<std::unique_ptr<Session>(SessionHost*, std::string_view peer)>;

  Connection(std::unique_ptr<ByteStream> stream, Environment environment,
             const MakeSession& make_session);
  ~Connection() override;

  void WantsFlush() override;
  void StartDrain();
  void Close(const Status& reason);

  [[nodiscard]] Session* session() { return session_.get(); }
  // The session's, and what is framed and waits for the socket.
  [[nodiscard]] Session::Held held() const;
  [[nodiscard]] std::string_view peer() const { return stream_->peer(); }
  // The session's, or that the peer did not take its last words.
  [[nodiscard]] Session::Cut cut() const;

 private:
  void OnReadable() override;
  void OnWritable() override;

  void Take(std::string_view bytes);
  void Flush();
  // False when the socket takes no more now.
  [[nodiscard]] bool WriteSome();
  void Arm();
  void OnTimer();

  const Environment environment_;
  std::unique_ptr<ByteStream> stream_;
  std::unique_ptr<Session> session_;
  OutputQueue out_;
  uint64_t armed_us_ = Session::kNever;
  uint64_t cut_us_ = Session::kNever;
  TimerId timer_;
  bool flush_posted_ = false;
  bool blocked_ = false;
  bool lingered_ = false;
  bool closed_ = false;
  Alive alive_;
};

}  // namespace keel::net
