#include "net/grpc_server_session.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/bytes.h"
#include "net/grpc_wire.h"

namespace keel::net {

namespace {

constexpr size_t kSpareCallsMax = 32;
constexpr size_t kShownBytesMax = 100;

}  // namespace

GrpcServerSession::GrpcServerSession(const GrpcServerOptions& options, Environment environment,
                                     uint64_t now_us)
    : options_(options),
      environment_(std::move(environment)),
      id_(environment_.registry->Add(static_cast<CallSink*>(this))),
      http2_(options_.http2, this, now_us),
      now_us_(now_us) {}

GrpcServerSession::~GrpcServerSession() { environment_.registry->Remove(id_); }

// ---- Session ----

void GrpcServerSession::Receive(std::string_view bytes, uint64_t now_us) {
  now_us_ = now_us;
  driving_ = true;
  http2_.Receive(bytes, now_us);
  EndDrive();
}

void GrpcServerSession::Produce(OutputQueue* out) {
  driving_ = true;
  http2_.Produce(out);
  EndDrive();
}

void GrpcServerSession::OnTime(uint64_t now_us) {
  now_us_ = now_us;
  driving_ = true;
  http2_.OnTime(now_us);
  while (!deadlines_.empty() && deadlines_.begin()->first <= now_us) {
    Abort(StreamId(deadlines_.begin()->second), DeadlineExceeded("the call's deadline has passed"));
  }
  EndDrive();
}

uint64_t GrpcServerSession::NextWakeUs() const {
  const uint64_t deadline_us = deadlines_.empty() ? kNever : deadlines_.begin()->first;
  return std::min(deadline_us, http2_.NextWakeUs());
}

void GrpcServerSession::StartDrain(uint64_t now_us) {
  http2_.StartDrain(now_us);
  Touch();
}

void GrpcServerSession::OnTransportClosed(const Status& reason) {
  driving_ = true;
  while (!calls_.empty()) {
    const StreamId stream(calls_.begin()->first);
    CallHandler* handler = calls_.begin()->second.handler.get();
    Forget(stream, Code::kCancelled);
    if (handler != nullptr) handler->OnCancelled(reason);
  }
  EndDrive();
}

Session::Cut GrpcServerSession::cut() const {
  if (http2_.failure().empty()) return {};
  return {.word = http2_.failure_word(), .detail = http2_.failure()};
}

Session::Held GrpcServerSession::held() const {
  return {.requests_bytes = requests_bytes_ + http2_.held_bytes(),
          .answers_bytes = http2_.queued_bytes()};
}

// ---- a request comes in ----

void GrpcServerSession::OnHeaders(StreamId stream, Block block, Metadata* fields) {
  // Trailers of a request carry nothing that gRPC knows.
  if (block == Block::kTrailers || block == Block::kTrailersTooLarge) return;
  if (RefuseHttp(stream, *fields)) return;
  Call* call = nullptr;
  if (spare_calls_.empty()) {
    call = &calls_.try_emplace(stream.value()).first->second;
  } else {
    Calls::node_type node = std::move(spare_calls_.back());
    spare_calls_.pop_back();
    node.key() = stream.value();
    call = &calls_.insert(std::move(node)).position->second;
  }
  std::swap(call->request, *fields);
  const Status admitted = block == Block::kFirstTooLarge
                              ? ResourceExhausted("the request's headers are too large")
                              : Admit(call->request, call);
  if (options_.counts != nullptr) {
    call->counts = options_.counts->Begin(call->method, call->request);
  }
  if (!admitted.ok()) return Abort(stream, admitted);
  if (call->deadline_us != 0) deadlines_.emplace(call->deadline_us, stream.value());
  Begin(stream, call);
}

bool GrpcServerSession::RefuseHttp(StreamId stream, const Metadata& fields) {
  std::string_view status;
  if (fields.Find(":method") != "POST") {
    status = "405";
  } else if (!IsGrpcContentType(fields.Find("content-type").value_or(std::string_view()))) {
    status = "415";
  } else {
    return false;
  }
  const std::array<Metadata::Field, 1> answer = {{{":status", status}}};
  http2_.Respond(stream, answer, true);
  return true;
}

Status GrpcServerSession::Admit(const Metadata& fields, Call* call) {
  const std::string_view path = fields.Find(":path").value_or(std::string_view());
  call->method = environment_.methods->Find(path);
  if (call->method == nullptr) return environment_.methods->NotServed(path);
  if (const auto timeout = fields.Find("grpc-timeout")) {
    const std::optional<uint64_t> timeout_us = ParseTimeoutUs(*timeout);
    if (!timeout_us) {
      return Internal("malformed grpc-timeout: " + Printable(*timeout, kShownBytesMax));
    }
    call->deadline_us = now_us_ + *timeout_us;
  }
  const std::string_view encoding = fields.Find("grpc-encoding").value_or("identity");
  if (encoding != "identity" && encoding != "gzip") {
    return Unimplemented("grpc-encoding is not supported: " + Printable(encoding, kShownBytesMax));
  }
  // As gRPC's servers do: answer in the encoding of the question.
  call->accepts_gzip =
      encoding == "gzip" &&
      AcceptsEncoding(fields.Find("grpc-accept-encoding").value_or("gzip"), "gzip");
  call->reader.Reset({.message_bytes_max = options_.message_bytes_max,
                      .encoding = encoding == "gzip" ? MessageReader::Encoding::kGzip
                                                     : MessageReader::Encoding::kIdentity});
  return {};
}

void GrpcServerSession::Begin(StreamId stream, Call* call) {
  const auto* streaming = std::get_if<StreamingMethod>(call->method);
  if (streaming == nullptr) return;
  const ServerCall handle(environment_.registry, {id_, stream});
  std::unique_ptr<CallHandler> handler = (*streaming)(handle, ContextOf(*call));
  // The factory may have finished the call already.
  call = Find(stream);
  if (call == nullptr) return;
  if (handler == nullptr) return Abort(stream, Internal("the method did not take the call"));
  call->handler = std::move(handler);
}

void GrpcServerSession::OnData(StreamId stream, std::string_view bytes) {
  Call* call = Find(stream);
  if (call == nullptr) return http2_.Consume(stream, bytes.size());
  if (call->handler == nullptr) return TakeUnary(stream, call, bytes);
  call->reader.Append(bytes);
  call->held_bytes += bytes.size();
  Deliver(stream);
}

// Its windows are given back at once, so that nothing can stand still: what does not fit is refused
// at its first bytes, and what was let in can always be finished.
void GrpcServerSession::TakeUnary(StreamId stream, Call* call, std::string_view bytes) {
  http2_.Consume(stream, bytes.size());
  call->reader.Append(bytes);
  call->request_bytes += bytes.size();
  requests_bytes_ += bytes.size();
  if (const Status wrong = CheckUnary(call); !wrong.ok()) Abort(stream, wrong);
}

// A unary request is complete only at its end; what is already too much or malformed is refused
// before that, so that its bytes need not be kept.
Status GrpcServerSession::CheckUnary(Call* call) {
  KEEL_RETURN_IF_ERROR(call->reader.CheckHead());
  const std::optional<size_t> announced = call->reader.announced_bytes();
  if (!announced) return {};
  if (call->reader.buffered_bytes() > *announced) {
    return Internal("a unary request carries more than one message");
  }
  if (call->reserved_bytes != 0) return {};
  if (reserved_bytes_ > 0 && reserved_bytes_ + *announced > options_.requests_bytes_max) {
    return ResourceExhausted("too many requests on this connection are not complete");
  }
  call->reserved_bytes = *announced;
  reserved_bytes_ += *announced;
  return {};
}

void GrpcServerSession::ReleaseRequest(Call* call) {
  requests_bytes_ -= std::exchange(call->request_bytes, 0);
  reserved_bytes_ -= std::exchange(call->reserved_bytes, 0);
}

void GrpcServerSession::OnEnd(StreamId stream) {
  Call* call = Find(stream);
  if (call == nullptr) return;
  call->peer_ended = true;
  if (call->handler != nullptr) return Deliver(stream);
  if (waiting_.empty() && HasRoomForAnswers()) return RunUnary(stream, call);
  waiting_.push_back(stream);
  // Those that are over are left out when they come up, which may be never: a client that takes
  // nothing could make this grow by giving up what it asks.
  if (waiting_.size() <= 2 * calls_.size()) return;
  std::erase_if(waiting_, [this](StreamId each) { return !calls_.contains(each.value()); });
}

bool GrpcServerSession::HasRoomForAnswers() const {
  return http2_.queued_bytes() < options_.answers_bytes_max;
}

void GrpcServerSession::RunWaiting() {
  while (!waiting_.empty() && HasRoomForAnswers()) {
    const StreamId stream = waiting_.front();
    waiting_.pop_front();
    Call* call = Find(stream);
    if (call == nullptr) continue;
    RunUnary(stream, call);
    environment_.host->WantsFlush();
  }
}

void GrpcServerSession::RunUnary(StreamId stream, Call* call) {
  ReleaseRequest(call);
  std::string_view message;
  const Result<MessageReader::Next> next = ReadMessage(call, &message);
  if (!next.ok()) return Abort(stream, next.status());
  if (*next == MessageReader::Next::kNeedMore) {
    return Abort(stream, Internal("the request ended before its message"));
  }
  const ServerCall handle(environment_.registry, {id_, stream});
  std::get<UnaryMethod> (*call->method)(handle, ContextOf(*call), message);
  // The method has copied what it needs; its answer may be long in coming.
  if (call = Find(stream); call != nullptr) call->reader.Reset({});
}

Result<MessageReader::Next> GrpcServerSession::ReadMessage(Call* call, std::string_view* message) {
  Result<MessageReader::Next> next = call->reader.Read(message);
  const bool is_there = next.ok() && *next == MessageReader::Next::kMessage;
  if (is_there && call->counts != nullptr) options_.counts->Receive(call->counts, message->size());
  return next;
}

void GrpcServerSession::Deliver(StreamId stream) {
  // The handler may end the call inside any of its functions: look it up each time.
  Call* call = Find(stream);
  while (call != nullptr && call->handler != nullptr && !call->paused) {
    std::string_view message;
    const Result<MessageReader::Next> next = ReadMessage(call, &message);
    if (!next.ok()) return Abort(stream, next.status());
    if (*next == MessageReader::Next::kNeedMore) break;
    const Flow flow = call->handler->OnMessage(message);
    call = Find(stream);
    if (call != nullptr && flow == Flow::kPause) call->paused = true;
  }
  if (call == nullptr || call->paused || call->handler == nullptr) return;
  http2_.Consume(stream, std::exchange(call->held_bytes, 0));
  if (!call->peer_ended || call->told_half_close) return;
  if (call->reader.buffered_bytes() > 0) {
    return Abort(stream, Internal("the request ended inside a message"));
  }
  call->told_half_close = true;
  call->handler->OnHalfClose();
}

void GrpcServerSession::OnWritable(StreamId stream) {
  Call* call = Find(stream);
  if (call != nullptr && call->handler != nullptr) call->handler->OnWritable();
}

void GrpcServerSession::OnClosed(StreamId stream, uint32_t error_code) {
  Call* call = Find(stream);
  if (call == nullptr) return;
  CallHandler* handler = call->handler.get();
  Forget(stream, Code::kCancelled);
  if (handler == nullptr) return;
  handler->OnCancelled(
      Cancelled("the client reset the call, HTTP/2 error " + std::to_string(error_code)));
}

// ---- the end of a call ----

void GrpcServerSession::Abort(StreamId stream, const Status& status) {
  Call* call = Find(stream);
  if (call == nullptr) return;
  if (http2_.HasQueued(stream)) {
    // The status would wait behind data that nobody takes.
    http2_.Reset(stream, Http2Error::kCancel);
  } else {
    SendEnd(stream, *call, status, {});
  }
  CallHandler* handler = call->handler.get();
  Forget(stream, status.code());
  if (handler != nullptr) handler->OnCancelled(status);
  Touch();
}

void GrpcServerSession::Forget(StreamId stream, Code code) {
  Calls::node_type node = calls_.extract(stream.value());
  Call& call = node.mapped();
  if (call.counts != nullptr) options_.counts->End(call.counts, code);
  if (call.deadline_us != 0) deadlines_.erase({call.deadline_us, stream.value()});
  http2_.Consume(stream, std::exchange(call.held_bytes, 0));
  ReleaseRequest(&call);
  past_calls_.push_back(std::move(node));
}

void GrpcServerSession::EndDrive() {
  RunWaiting();
  while (!resumed_.empty()) {
    for (const StreamId stream : std::exchange(resumed_, {})) Deliver(stream);
    environment_.host->WantsFlush();
  }
  driving_ = false;
  for (Calls::node_type& node : std::exchange(past_calls_, {})) {
    if (spare_calls_.size() >= kSpareCallsMax) continue;
    node.mapped().Clear();
    spare_calls_.push_back(std::move(node));
  }
}

void GrpcServerSession::Call::Clear() {
  Metadata fields = std::move(request);
  MessageReader kept = std::move(reader);
  *this = Call();
  request = std::move(fields);
  request.Clear();
  reader = std::move(kept);
  reader.Reset({});
}

CallContext GrpcServerSession::ContextOf(const Call& call) const {
  return {.path = call.request.Find(":path").value_or(std::string_view()),
          .metadata = call.request,
          .peer = environment_.peer,
          .deadline_us = call.deadline_us};
}

GrpcServerSession::Call* GrpcServerSession::Find(StreamId stream) {
  const auto found = calls_.find(stream.value());
  return found == calls_.end() ? nullptr : &found->second;
}

void GrpcServerSession::Touch() {
  if (!driving_) environment_.host->WantsFlush();
}

}  // namespace keel::net
