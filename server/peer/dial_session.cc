#include "server/peer/dial_session.h"

#include <utility>

#include "base/coding.h"

namespace keel::peers {

DialSession::DialSession(const SessionOptions& options, const Hello& hello, Environment environment,
                         uint64_t now_us)
    : options_(options),
      environment_(std::move(environment)),
      reader_(/*message_bytes_max=*/0),
      keepalive_({.interval_us = options.ping_every_us, .timeout_us = options.ping_timeout_us},
                 now_us),
      greet_by_us_(now_us + options.greeting_timeout_us) {
  AppendWireFrame(FrameKind::kHello, EncodeHello(hello), &control_);
}

void DialSession::Receive(std::string_view bytes, uint64_t now_us) {
  if (state_ == State::kClosing) return;
  keepalive_.OnReceived(now_us);
  reader_.Append(bytes);
  FrameReader::Frame frame;
  while (state_ != State::kClosing) {
    const FrameReader::Outcome outcome = reader_.Next(&frame);
    if (outcome == FrameReader::Outcome::kNeedsMore) return;
    if (outcome == FrameReader::Outcome::kBroken) return End(reader_.reason());
    OnFrame(frame, now_us);
  }
}

void DialSession::OnFrame(const FrameReader::Frame& frame, uint64_t now_us) {
  if (state_ == State::kOpen && frame.kind == FrameKind::kPong && frame.body.size() == 8) {
    const uint64_t sent_us = DecodeFixed64(frame.body.data());
    if (sent_us <= now_us && environment_.on_pong) environment_.on_pong(now_us - sent_us);
    return;
  }
  if (state_ != State::kGreeting || frame.kind != FrameKind::kWelcome) {
    return End(DataLoss("a frame that is not expected here"));
  }
  const std::optional<Welcome> welcome = DecodeWelcome(frame.body);
  if (!welcome.has_value()) return End(DataLoss("a welcome that cannot be read"));
  if (welcome->refusal == Refusal::kNone) {
    state_ = State::kOpen;
    return environment_.on_welcome();
  }
  End(PermissionDenied(welcome->reason));
  environment_.on_refused(*welcome);
}

void DialSession::Produce(net::OutputQueue* out) {
  // What left shows that the other end still takes bytes, even if its pong is behind many.
  if (out->size_bytes() < output_seen_) progressed_ = true;
  out->Append(control_);
  control_.clear();
  while (state_ == State::kOpen && !environment_.queue->empty() &&
         out->size_bytes() < options_.output_bytes_max) {
    const Payload frame = environment_.queue->Pop();
    out->AppendShared(frame, frame.view());
  }
  output_seen_ = out->size_bytes();
}

void DialSession::OnTime(uint64_t now_us) {
  if (state_ == State::kClosing) return;
  if (state_ == State::kGreeting) {
    if (now_us >= greet_by_us_) End(DeadlineExceeded("no welcome came"));
    return;
  }
  if (std::exchange(progressed_, false)) keepalive_.OnReceived(now_us);
  switch (keepalive_.OnTime(now_us)) {
    case net::Keepalive::Action::kNone:
      return;
    case net::Keepalive::Action::kPing: {
      std::string body;
      AppendFixed64(&body, now_us);
      AppendWireFrame(FrameKind::kPing, body, &control_);
      return;
    }
    case net::Keepalive::Action::kGiveUp:
      return End(DeadlineExceeded("the peer is silent"));
  }
}

uint64_t DialSession::NextWakeUs() const {
  if (state_ == State::kClosing) return kNever;
  return state_ == State::kGreeting ? greet_by_us_ : keepalive_.NextWakeUs();
}

void DialSession::StartDrain(uint64_t /*now_us*/) { End(Cancelled("this member is stopping")); }

void DialSession::OnTransportClosed(const Status& reason) {
  if (reason_.ok()) reason_ = reason;
  state_ = State::kClosing;
}

void DialSession::End(Status reason) {
  if (state_ == State::kClosing) return;
  state_ = State::kClosing;
  reason_ = std::move(reason);
  environment_.host->WantsFlush();
}

}  // namespace keel::peers
