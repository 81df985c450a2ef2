#include "net/grpc_client_session.h"

#include <algorithm>

#include "base/bytes.h"
#include "net/grpc_wire.h"
#include "net/gzip.h"

namespace keel::net {

namespace {

constexpr size_t kShownBytesMax = 100;
constexpr uint64_t kCoarseTimeoutUs = 100'000;
// Of the memory that past calls leave behind.
constexpr size_t kSparesMax = 1024;
constexpr size_t kSpareBytesMax = 1024;

// Up to whole milliseconds: equal timeouts then look alike on the wire, and are sent as an index.
uint64_t RoundTimeout(uint64_t timeout_us) {
  return timeout_us < kCoarseTimeoutUs ? timeout_us : (timeout_us + 999) / 1000 * 1000;
}

}  // namespace

GrpcClientSession::GrpcClientSession(const GrpcClientOptions& options, SessionHost* host,
                                     uint64_t now_us)
    : options_(options), host_(host), http2_(options_.http2, this, now_us) {}

// ---- Session ----

void GrpcClientSession::Receive(std::string_view bytes, uint64_t now_us) {
  driving_ = true;
  http2_.Receive(bytes, now_us);
  EndDrive();
}

void GrpcClientSession::Produce(OutputQueue* out) {
  driving_ = true;
  http2_.Produce(out);
  EndDrive();
}

void GrpcClientSession::OnTime(uint64_t now_us) {
  driving_ = true;
  http2_.OnTime(now_us);
  while (!deadlines_.empty() && deadlines_.begin()->first <= now_us) {
    Fail(StreamId(deadlines_.begin()->second), DeadlineExceeded("the call's deadline has passed"));
  }
  EndDrive();
}

uint64_t GrpcClientSession::NextWakeUs() const {
  const uint64_t deadline_us = deadlines_.empty() ? kNever : deadlines_.begin()->first;
  return std::min(deadline_us, http2_.NextWakeUs());
}

void GrpcClientSession::StartDrain(uint64_t now_us) {
  http2_.StartDrain(now_us);
  Touch();
}

void GrpcClientSession::OnTransportClosed(const Status& reason) {
  driving_ = true;
  while (!calls_.empty()) {
    const auto& [stream, call] = *calls_.begin();
    // What had arrived whole stays true, even if its reader was slow.
    Done(StreamId(stream), call.has_status && call.peer_ended ? call.status : reason,
         call.trailers);
  }
  EndDrive();
}

// ---- calls ----

Result<StreamId> GrpcClientSession::Start(const Begin& begin,
                                          std::unique_ptr<CallObserver>* observer,
                                          uint64_t now_us) {
  if (calls_.size() >= options_.calls_max) {
    return ResourceExhausted("too many calls at once on one connection");
  }
  if (http2_.queued_bytes() >= options_.http2.connection_queue_bytes_max) {
    return ResourceExhausted("too much is waiting to be sent on one connection");
  }
  const CallOptions& options = begin.options;
  fields_.assign({{":method", "POST"},
                  {":scheme", options_.scheme},
                  {":path", options.path},
                  {":authority", options_.authority},
                  {"te", "trailers"},
                  {"content-type", "application/grpc"},
                  {"user-agent", options_.user_agent},
                  {"grpc-accept-encoding", "identity,gzip"}});
  std::string timeout;
  if (begin.deadline_us != 0) {
    timeout =
        FormatTimeout(RoundTimeout(begin.deadline_us > now_us ? begin.deadline_us - now_us : 1));
    fields_.push_back({"grpc-timeout", timeout});
  }
  if (options.compress) fields_.push_back({"grpc-encoding", "gzip"});
  for (size_t i = 0; i < options.metadata.size(); ++i) {
    if (Metadata::MaySend(options.metadata[i])) fields_.push_back(options.metadata[i]);
  }
  KEEL_ASSIGN_OR_RETURN(const StreamId stream, http2_.Request(fields_));
  Call& call = Add(stream);
  call.observer = std::move(*observer);
  call.compress = options.compress;
  call.deadline_us = begin.deadline_us;
  if (call.deadline_us != 0) SetDeadline(stream, call.deadline_us);
  Touch();
  return stream;
}

WriteResult GrpcClientSession::Write(StreamId stream, Payload message) {
  Call* call = Find(stream);
  if (call == nullptr || call->writes_closed) return WriteResult::kGone;
  const bool compress = call->compress && message.size() >= options_.compress_bytes_min;
  if (compress) message = Payload::Of(Gzip(message.view()));
  const MessageHead head(message.size(), compress);
  Touch();
  return http2_.Send(stream, {.head = head.view(), .body = std::move(message)});
}

void GrpcClientSession::CloseWrites(StreamId stream) {
  Call* call = Find(stream);
  if (call == nullptr || call->writes_closed) return;
  call->writes_closed = true;
  http2_.End(stream, {});
  Touch();
}

void GrpcClientSession::Cancel(StreamId stream) {
  if (Find(stream) == nullptr) return;
  cancelled_.push_back(stream);
  // The server should know at once; the observer is told by the next drive, not from in here.
  http2_.Reset(stream, Http2Error::kCancel);
  Touch();
}

void GrpcClientSession::ResumeReads(StreamId stream) {
  Call* call = Find(stream);
  if (call == nullptr || !call->paused) return;
  call->paused = false;
  resumed_.push_back(stream);
  Touch();
}

void GrpcClientSession::AnnounceRoom(StreamId stream) {
  roomy_.push_back(stream);
  Touch();
}

// ---- the response ----

void GrpcClientSession::OnHeaders(StreamId stream, Block block, Metadata* fields) {
  Call* call = Find(stream);
  if (call == nullptr) return;
  if (block == Block::kFirstTooLarge || block == Block::kTrailersTooLarge) {
    return Fail(stream, ResourceExhausted("the response's headers are too large"));
  }
  if (block == Block::kTrailers) return TakeStatus(*fields, call);
  if (Status checked = CheckResponse(*fields, call); !checked.ok()) return Fail(stream, checked);
  if (fields->Find("grpc-status")) return TakeStatus(*fields, call);
  call->observer->OnMetadata(*fields);
}

Status GrpcClientSession::CheckResponse(const Metadata& fields, Call* call) {
  const std::string_view http_status = fields.Find(":status").value_or(std::string_view());
  if (http_status != "200") {
    return {CodeOfHttpStatus(http_status),
            "the server answered with HTTP status " + std::string(http_status)};
  }
  const std::string_view type = fields.Find("content-type").value_or(std::string_view());
  if (!IsGrpcContentType(type)) {
    return Unknown("the server's answer is not gRPC but " + Printable(type, kShownBytesMax));
  }
  const std::string_view encoding = fields.Find("grpc-encoding").value_or("identity");
  if (encoding != "identity" && encoding != "gzip") {
    return Internal("the server's grpc-encoding is not known: " +
                    Printable(encoding, kShownBytesMax));
  }
  call->reader.Reset({.message_bytes_max = options_.message_bytes_max,
                      .encoding = encoding == "gzip" ? MessageReader::Encoding::kGzip
                                                     : MessageReader::Encoding::kIdentity});
  return {};
}

void GrpcClientSession::TakeStatus(const Metadata& fields, Call* call) {
  const std::string_view number = fields.Find("grpc-status").value_or(std::string_view());
  call->has_status = true;
  call->status = Status(ParseCode(number),
                        PercentDecode(fields.Find("grpc-message").value_or(std::string_view())));
  if (number.empty()) call->status = Unknown("the server's trailers have no grpc-status");
  call->trailers = fields;
}

void GrpcClientSession::OnData(StreamId stream, std::string_view bytes) {
  Call* call = Find(stream);
  if (call == nullptr) return http2_.Consume(stream, bytes.size());
  call->reader.Append(bytes);
  call->held_bytes += bytes.size();
  Deliver(stream);
}

void GrpcClientSession::OnEnd(StreamId stream) {
  Call* call = Find(stream);
  if (call == nullptr) return;
  call->peer_ended = true;
  Deliver(stream);
}

void GrpcClientSession::Deliver(StreamId stream) {
  Call* call = Find(stream);
  while (call != nullptr && !call->paused) {
    std::string_view message;
    const Result<MessageReader::Next> next = call->reader.Read(&message);
    if (!next.ok()) return Fail(stream, next.status());
    if (*next == MessageReader::Next::kNeedMore) break;
    if (call->observer->OnMessage(message) == Flow::kPause) call->paused = true;
  }
  if (call == nullptr || call->paused) return;
  http2_.Consume(stream, std::exchange(call->held_bytes, 0));
  if (!call->peer_ended) return;
  if (!call->has_status) return Fail(stream, Unknown("the server ended without a status"));
  if (call->status.ok() && call->reader.buffered_bytes() > 0) {
    return Fail(stream, Internal("the response ended inside a message"));
  }
  // The server needs no more of what this side may still have to say.
  if (!call->writes_closed) http2_.Reset(stream, Http2Error::kCancel);
  Done(stream, call->status, call->trailers);
}

void GrpcClientSession::OnWritable(StreamId stream) {
  if (Call* call = Find(stream)) call->observer->OnWritable();
}

void GrpcClientSession::OnClosed(StreamId stream, uint32_t error_code) {
  Call* call = Find(stream);
  if (call == nullptr) return;
  // Whole, and only its reader is slow.
  if (call->peer_ended && call->has_status) return;
  if (call->has_status) return Done(stream, call->status, call->trailers);
  if (std::find(cancelled_.begin(), cancelled_.end(), stream) != cancelled_.end()) return;
  Done(stream,
       Status(CodeOfHttp2Error(error_code),
              "the server reset the call, HTTP/2 error " + std::to_string(error_code)),
       {});
}

// ---- the end of a call ----

void GrpcClientSession::Fail(StreamId stream, const Status& status) {
  http2_.Reset(stream, Http2Error::kCancel);
  Done(stream, status, {});
}

void GrpcClientSession::Done(StreamId stream, const Status& status, const Metadata& trailers) {
  Calls::node_type node = calls_.extract(stream.value());
  if (node.empty()) return;
  Call& call = node.mapped();
  if (call.deadline_us != 0) ClearDeadline(stream, call.deadline_us);
  http2_.Consume(stream, std::exchange(call.held_bytes, 0));
  past_calls_.push_back(std::move(node));
  call.observer->OnDone(status, trailers);
}

GrpcClientSession::Call* GrpcClientSession::Find(StreamId stream) {
  const auto found = calls_.find(stream.value());
  return found == calls_.end() ? nullptr : &found->second;
}

GrpcClientSession::Call& GrpcClientSession::Add(StreamId stream) {
  if (spare_calls_.empty()) return calls_.try_emplace(stream.value()).first->second;
  Calls::node_type node = std::move(spare_calls_.back());
  spare_calls_.pop_back();
  node.key() = stream.value();
  return calls_.insert(std::move(node)).position->second;
}

void GrpcClientSession::Call::Reset() {
  Call anew;
  anew.reader = std::move(reader);
  anew.reader.Reset({});
  anew.trailers = std::move(trailers);
  anew.trailers.Clear();
  *this = std::move(anew);
}

// Most are due later than all others.
void GrpcClientSession::SetDeadline(StreamId stream, uint64_t due_us) {
  if (spare_deadlines_.empty()) {
    deadlines_.emplace_hint(deadlines_.end(), due_us, stream.value());
    return;
  }
  Deadlines::node_type node = std::move(spare_deadlines_.back());
  spare_deadlines_.pop_back();
  node.value() = {due_us, stream.value()};
  deadlines_.insert(deadlines_.end(), std::move(node));
}

void GrpcClientSession::ClearDeadline(StreamId stream, uint64_t due_us) {
  Deadlines::node_type node = deadlines_.extract({due_us, stream.value()});
  if (spare_deadlines_.size() < kSparesMax) spare_deadlines_.push_back(std::move(node));
}

void GrpcClientSession::Touch() {
  if (!driving_) host_->WantsFlush();
}

void GrpcClientSession::EndDrive() {
  bool worked = false;
  while (!resumed_.empty() || !cancelled_.empty() || !roomy_.empty()) {
    worked = true;
    for (const StreamId stream : std::exchange(cancelled_, {})) {
      Done(stream, Cancelled("the call was cancelled"), {});
    }
    for (const StreamId stream : std::exchange(resumed_, {})) Deliver(stream);
    for (const StreamId stream : std::exchange(roomy_, {})) OnWritable(stream);
  }
  if (worked) host_->WantsFlush();
  driving_ = false;
  for (Calls::node_type& node : past_calls_) {
    const Call& call = node.mapped();
    const size_t kept_bytes = call.reader.kept_bytes() + call.trailers.ListBytes();
    if (spare_calls_.size() == kSparesMax || kept_bytes > kSpareBytesMax) continue;
    node.mapped().Reset();
    spare_calls_.push_back(std::move(node));
  }
  past_calls_.clear();
}

}  // namespace keel::net
