// From a call's bytes to Protobuf messages and back.
//
// Pure functions; any thread. Templates, so that this header knows no message itself.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/payload.h"
#include "base/result.h"
#include "net/rpc.h"

namespace keel::net {

// INTERNAL when `bytes` is no such message, as gRPC's own servers say.
template <class Message>
[[nodiscard]] Result<Message> ParseMessage(std::string_view bytes) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Internal("the request is not a valid " + message.GetTypeName());
  }
  return message;
}

template <class Message>
[[nodiscard]] Payload SerializeMessage(const Message& message) {
  return Payload::Of(message.SerializeAsString());
}

// A unary method over messages, answered at once: `answer` maps a Request to a Result<Response>.
template <class Request, class Answer>
[[nodiscard]] UnaryMethod UnaryOf(Answer answer) {
  return [answer = std::move(answer)](ServerCall call, const CallContext&, std::string_view bytes) {
    const Result<Request> request = ParseMessage<Request>(bytes);
    if (!request.ok()) return call.Finish(request.status());
    const auto response = answer(*request);
    if (!response.ok()) return call.Finish(response.status());
    call.Reply(SerializeMessage(*response));
  };
}

}  // namespace keel::net
