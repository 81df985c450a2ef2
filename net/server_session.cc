#include "net/server_session.h"

#include <algorithm>
#include <utility>

#include "net/cut_words.h"

namespace keel::net {

namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace

Protocol ProtocolOf(std::string_view first_bytes) {
  const size_t compared = std::min(first_bytes.size(), kPreface.size());
  if (first_bytes.substr(0, compared) != kPreface.substr(0, compared)) return Protocol::kHttp1;
  return compared == kPreface.size() ? Protocol::kHttp2 : Protocol::kUndecided;
}

ServerSession::ServerSession(const ServerSessionOptions& options, Environment environment,
                             uint64_t now_us)
    : options_(options),
      environment_(std::move(environment)),
      decide_by_us_(now_us + options.http1.request_timeout_us) {}

void ServerSession::Receive(std::string_view bytes, uint64_t now_us) {
  if (chosen_ != nullptr) return chosen_->Receive(bytes, now_us);
  if (closing_) return;
  first_bytes_.append(bytes);
  const Protocol protocol = ProtocolOf(first_bytes_);
  if (protocol == Protocol::kUndecided) return;
  Choose(protocol, now_us);
  chosen_->Receive(std::exchange(first_bytes_, {}), now_us);
}

void ServerSession::Choose(Protocol protocol, uint64_t now_us) {
  if (protocol == Protocol::kHttp2) {
    chosen_ = std::make_unique<GrpcServerSession>(
        options_.grpc,
        GrpcServerSession::Environment{environment_.methods, environment_.registry,
                                       environment_.host, environment_.peer},
        now_us);
  } else {
    chosen_ = std::make_unique<Http1Session>(
        options_.http1,
        Http1Session::Environment{environment_.http, environment_.registry, environment_.host,
                                  environment_.peer},
        now_us);
  }
}

void ServerSession::Produce(OutputQueue* out) {
  if (chosen_ != nullptr) chosen_->Produce(out);
}

void ServerSession::OnTime(uint64_t now_us) {
  if (chosen_ != nullptr) return chosen_->OnTime(now_us);
  if (closing_ || now_us < decide_by_us_) return;
  closing_ = true;
  is_late_ = true;
}

uint64_t ServerSession::NextWakeUs() const {
  if (chosen_ != nullptr) return chosen_->NextWakeUs();
  return closing_ ? kNever : decide_by_us_;
}

void ServerSession::StartDrain(uint64_t now_us) {
  if (chosen_ != nullptr) return chosen_->StartDrain(now_us);
  closing_ = true;
  environment_.host->WantsFlush();
}

bool ServerSession::WantsClose() const {
  return chosen_ != nullptr ? chosen_->WantsClose() : closing_;
}

void ServerSession::OnTransportClosed(const Status& reason) {
  if (chosen_ != nullptr) chosen_->OnTransportClosed(reason);
}

Session::Cut ServerSession::cut() const {
  if (chosen_ != nullptr) return chosen_->cut();
  if (!is_late_) return {};
  return {.word = cut_words::kNoRequestInTime, .detail = "it has not said what it speaks"};
}

Session::Held ServerSession::held() const {
  return chosen_ != nullptr ? chosen_->held() : Held{.requests_bytes = first_bytes_.size()};
}

}  // namespace keel::net
