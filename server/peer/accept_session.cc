#include "server/peer/accept_session.h"

#include <utility>

namespace keel::peers {

AcceptSession::AcceptSession(const SessionOptions& options, Environment environment,
                             uint64_t now_us)
    : options_(options),
      environment_(std::move(environment)),
      reader_(options.message_bytes_max),
      end_by_us_(now_us + options.greeting_timeout_us) {}

void AcceptSession::Receive(std::string_view bytes, uint64_t now_us) {
  if (closing_) return;
  if (hello_.has_value()) end_by_us_ = now_us + options_.idle_timeout_us;
  reader_.Append(bytes);
  FrameReader::Frame frame;
  while (!closing_) {
    // A stranger may not make this end hold a message before it is known to be none.
    if (!hello_.has_value() && reader_.buffered_bytes() > kFrameHeaderBytes + kSmallBodyBytesMax) {
      return Offend(DataLoss("more than a greeting before the welcome"));
    }
    const FrameReader::Outcome outcome = reader_.Next(&frame);
    if (outcome == FrameReader::Outcome::kNeedsMore) return;
    if (outcome == FrameReader::Outcome::kBroken) return Offend(reader_.reason());
    OnFrame(frame);
    if (hello_.has_value()) end_by_us_ = now_us + options_.idle_timeout_us;
  }
}

void AcceptSession::OnFrame(const FrameReader::Frame& frame) {
  if (!hello_.has_value()) return OnFirst(frame);
  if (frame.kind == FrameKind::kPing) {
    AppendWireFrame(FrameKind::kPong, frame.body, &out_);
    return environment_.host->WantsFlush();
  }
  if (frame.kind != FrameKind::kMessage) {
    return Offend(DataLoss("a frame that is not expected here"));
  }
  if (!environment_.on_message(hello_->from, frame.body)) {
    Offend(DataLoss("a message that cannot be read"));
  }
}

void AcceptSession::OnFirst(const FrameReader::Frame& frame) {
  if (frame.kind == FrameKind::kQuestion) {
    const std::string answer = environment_.introduce();
    if (!answer.empty()) AppendWireFrame(FrameKind::kAnswer, answer, &out_);
    return End();
  }
  std::optional<Hello> hello;
  if (frame.kind == FrameKind::kHello) hello = DecodeHello(frame.body);
  if (!hello.has_value()) return Offend(DataLoss("a first word that is no greeting"));
  const Welcome welcome = environment_.judge(*hello);
  AppendWireFrame(FrameKind::kWelcome, EncodeWelcome(welcome), &out_);
  if (welcome.refusal != Refusal::kNone) return End();
  hello_ = std::move(hello);
  environment_.host->WantsFlush();
}

void AcceptSession::Produce(net::OutputQueue* out) {
  out->Append(out_);
  out_.clear();
}

void AcceptSession::OnTime(uint64_t now_us) {
  if (now_us >= end_by_us_) End();
}

uint64_t AcceptSession::NextWakeUs() const { return closing_ ? kNever : end_by_us_; }

void AcceptSession::StartDrain(uint64_t /*now_us*/) { End(); }

void AcceptSession::OnTransportClosed(const Status& /*reason*/) { closing_ = true; }

void AcceptSession::Offend(Status what) {
  environment_.on_offence(what);
  End();
}

void AcceptSession::End() {
  closing_ = true;
  environment_.host->WantsFlush();
}

}  // namespace keel::peers
