// How the server's answers are framed.
#include <string>
#include <utility>
#include <vector>

#include "net/grpc_server_session.h"
#include "net/grpc_wire.h"
#include "net/gzip.h"

namespace keel::net {

namespace {

constexpr size_t kStatusMessageBytesMax = 8 * 1024;

}  // namespace

void GrpcServerSession::SendMetadata(CallId id, const Metadata& metadata) {
  Call* call = Find(id.stream);
  if (call == nullptr || call->headers_sent) return;
  SendHeaders(id.stream, call, metadata);
  Touch();
}

WriteResult GrpcServerSession::Write(CallId id, Payload message) {
  Call* call = Find(id.stream);
  if (call == nullptr) return WriteResult::kGone;
  Touch();
  return SendMessage(id.stream, call, std::move(message), false);
}

void GrpcServerSession::Finish(CallId id, Ending ending) {
  Call* call = Find(id.stream);
  if (call == nullptr) return;
  if (ending.has_message && ending.status.ok() &&
      SendMessage(id.stream, call, std::move(ending.message), true) == WriteResult::kRefused) {
    // Not a refusal: what it asked for may be done.
    ending.status = Unavailable(
        "the answer is lost: too much is waiting to be sent on this connection; what was asked may "
        "have taken effect");
  }
  SendEnd(id.stream, *call, ending.status, ending.trailers);
  Forget(id.stream, ending.status.code());
  Touch();
}

void GrpcServerSession::ResumeReads(CallId id) {
  Call* call = Find(id.stream);
  if (call == nullptr || !call->paused) return;
  call->paused = false;
  resumed_.push_back(id.stream);
  // A handler is not called inside one of its own functions.
  if (driving_) return;
  driving_ = true;
  EndDrive();
}

bool GrpcServerSession::IsOpen(CallId id) const { return calls_.contains(id.stream.value()); }

void GrpcServerSession::SendHeaders(StreamId stream, Call* call, const Metadata& metadata) {
  std::vector<Metadata::Field> fields = {{":status", "200"}, {"content-type", "application/grpc"}};
  if (call->accepts_gzip) fields.push_back({"grpc-encoding", "gzip"});
  for (size_t i = 0; i < metadata.size(); ++i) {
    if (Metadata::MaySend(metadata[i])) fields.push_back(metadata[i]);
  }
  call->headers_sent = true;
  http2_.Respond(stream, fields, false);
}

WriteResult GrpcServerSession::SendMessage(StreamId stream, Call* call, Payload message,
                                           bool last) {
  if (!call->headers_sent) SendHeaders(stream, call, {});
  const bool compress = call->accepts_gzip && message.size() >= options_.compress_bytes_min;
  const size_t plain_bytes = message.size();
  if (compress) message = Payload::Of(Gzip(message.view()));
  const MessageHead head(message.size(), compress);
  const WriteResult result =
      http2_.Send(stream, {.head = head.view(), .body = std::move(message), .last = last});
  const bool is_taken = result == WriteResult::kMore || result == WriteResult::kFull;
  if (is_taken && call->counts != nullptr) options_.counts->Send(call->counts, plain_bytes);
  return result;
}

void GrpcServerSession::SendEnd(StreamId stream, const Call& call, const Status& status,
                                const Metadata& trailers) {
  // A peer's header bound must not turn a long message into a lost status.
  const std::string text = PercentEncode(status.message().substr(0, kStatusMessageBytesMax));
  if (call.headers_sent) {
    Metadata fields;
    fields.Add({"grpc-status", CodeNumber(status.code())});
    if (!text.empty()) fields.Add({"grpc-message", text});
    for (size_t i = 0; i < trailers.size(); ++i) {
      if (Metadata::MaySend(trailers[i])) fields.Add(trailers[i]);
    }
    return http2_.End(stream, std::move(fields));
  }
  std::vector<Metadata::Field> fields = {{":status", "200"},
                                         {"content-type", "application/grpc"},
                                         {"grpc-status", CodeNumber(status.code())}};
  if (!text.empty()) fields.push_back({"grpc-message", text});
  if (status.code() == Code::kUnimplemented) {
    fields.push_back({"grpc-accept-encoding", "identity,gzip"});
  }
  for (size_t i = 0; i < trailers.size(); ++i) {
    if (Metadata::MaySend(trailers[i])) fields.push_back(trailers[i]);
  }
  http2_.Respond(stream, fields, true);
}

}  // namespace keel::net
