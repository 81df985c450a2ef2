#include "net/connection.h"

#include <algorithm>
#include <utility>

#include "net/cut_words.h"

namespace keel::net {

namespace {

// Reads, and writes, in one turn of the loop before others have theirs.
constexpr int kTurnsMax = 4;
constexpr size_t kSpansMax = 64;

}  // namespace

Connection::Connection(std::unique_ptr<ByteStream> stream, Environment environment,
                       const MakeSession& make_session)
    : environment_(std::move(environment)), stream_(std::move(stream)) {
  stream_->SetOwner(this);
  session_ = make_session(this, stream_->peer());
  stream_->WaitReadable();
  WantsFlush();
}

Connection::~Connection() {
  environment_.executor->Cancel(timer_);
  stream_->Close();
  if (!closed_) session_->OnTransportClosed(Unavailable("the connection was closed"));
}

void Connection::WantsFlush() {
  if (flush_posted_ || closed_) return;
  flush_posted_ = true;
  environment_.executor->Post(alive_.Guard([this] {
    flush_posted_ = false;
    Flush();
  }));
}

void Connection::StartDrain() {
  session_->StartDrain(environment_.clock->MonotonicUs());
  WantsFlush();
}

void Connection::Close(const Status& reason) {
  if (closed_) return;
  closed_ = true;
  environment_.executor->Cancel(std::exchange(timer_, {}));
  stream_->Close();
  out_.Clear();
  session_->OnTransportClosed(reason);
  environment_.on_closed(reason);
}

void Connection::OnReadable() {
  for (int turn = 0; turn < kTurnsMax; ++turn) {
    const ByteStream::Outcome outcome = stream_->Read(environment_.receive_buffer);
    if (outcome.kind == ByteStream::Outcome::Kind::kClosed) return Close(outcome.reason);
    if (outcome.kind == ByteStream::Outcome::Kind::kWouldBlock) break;
    Take({environment_.receive_buffer.data(), outcome.bytes});
    if (closed_) return;
    if (outcome.bytes < environment_.receive_buffer.size()) break;
  }
  Flush();
  if (!closed_) stream_->WaitReadable();
}

void Connection::Take(std::string_view bytes) {
  const uint64_t now_us = environment_.clock->MonotonicUs();
  while (true) {
    const std::string_view slice = bytes.substr(0, environment_.slice_bytes_max);
    session_->Receive(slice, now_us);
    bytes.remove_prefix(slice.size());
    if (bytes.empty()) return;
    Flush();
    if (closed_) return;
  }
}

void Connection::OnWritable() {
  blocked_ = false;
  Flush();
}

void Connection::Flush() {
  if (closed_) return;
  for (int turn = 0;; ++turn) {
    session_->Produce(&out_);
    if (out_.empty() || blocked_) break;
    if (turn == kTurnsMax) {
      WantsFlush();
      break;
    }
    if (!WriteSome()) break;
  }
  if (closed_) return;
  if (session_->WantsClose()) {
    if (out_.empty()) return Close(Unavailable("the connection was closed"));
    if (cut_us_ == Session::kNever) {
      cut_us_ = environment_.clock->MonotonicUs() + environment_.linger_us;
    }
  }
  Arm();
}

bool Connection::WriteSome() {
  std::vector<std::string_view> spans;
  while (!out_.empty()) {
    out_.Gather(kSpansMax, &spans);
    const ByteStream::Outcome outcome = stream_->Write(spans);
    if (outcome.kind == ByteStream::Outcome::Kind::kClosed) {
      Close(outcome.reason);
      return false;
    }
    if (outcome.kind == ByteStream::Outcome::Kind::kWouldBlock) {
      blocked_ = true;
      stream_->WaitWritable();
      return false;
    }
    out_.Consume(outcome.bytes);
  }
  return true;
}

// The timer is only ever brought forward: one that fires too early costs less than setting it anew
// for each call.
void Connection::Arm() {
  const uint64_t wake_us = std::min(session_->NextWakeUs(), cut_us_);
  if (wake_us >= armed_us_) return;
  environment_.executor->Cancel(timer_);
  armed_us_ = wake_us;
  const uint64_t now_us = environment_.clock->MonotonicUs();
  timer_ = environment_.executor->PostAfter(wake_us > now_us ? wake_us - now_us : 0,
                                            [this] { OnTimer(); });
}

void Connection::OnTimer() {
  timer_ = {};
  armed_us_ = Session::kNever;
  const uint64_t now_us = environment_.clock->MonotonicUs();
  if (now_us >= cut_us_) {
    lingered_ = true;
    return Close(Unavailable("the peer takes no more"));
  }
  session_->OnTime(now_us);
  Flush();
}

Session::Cut Connection::cut() const {
  const Session::Cut cut = session_->cut();
  if (!cut.word.empty() || !lingered_) return cut;
  return {.word = cut_words::kTakesNoMore, .detail = "it did not take the last words"};
}

Session::Held Connection::held() const {
  Session::Held held = session_->held();
  held.answers_bytes += out_.size_bytes();
  return held;
}

}  // namespace keel::net
