// A unary method over messages, answered later and from any role.
//
// Templates, so that this header knows no message itself.
#pragma once

#include <string_view>
#include <utility>

#include "base/payload.h"
#include "net/rpc.h"
#include "net/services/proto_call.h"
#include "server/api/core.h"

namespace keel::api {

// The one answer of one call. Copied freely; any role. Messages are encoded by whoever sends them.
class Reply {
 public:
  Reply(CorePtr core, net::ServerCall call) : core_(std::move(core)), call_(call) {}

  template <class Response>
  void Send(const Response& response) const {
    SendBytes(net::SerializeMessage(response));
  }
  void SendBytes(Payload message) const {
    if (core_->transport().IsCurrent()) return call_.Reply(std::move(message));
    core_->ToTransport(
        [call = call_, message = std::move(message)]() mutable { call.Reply(std::move(message)); });
  }
  void Fail(Status status) const {
    if (core_->transport().IsCurrent()) return call_.Finish(std::move(status));
    core_->ToTransport(
        [call = call_, status = std::move(status)]() mutable { call.Finish(std::move(status)); });
  }
  // On the transport: false once nobody waits for it any more.
  [[nodiscard]] bool IsWanted() const { return call_.IsOpen(); }

 private:
  CorePtr core_;
  net::ServerCall call_;
};

// `handle` takes (Request&, const Caller&, const Reply&) once the caller is admitted.
template <class Request, class Handle>
[[nodiscard]] net::UnaryMethod Unary(CorePtr core, Core::Learners learners, Handle handle) {
  return [core = std::move(core), learners, handle = std::move(handle)](
             net::ServerCall call, const net::CallContext& context, std::string_view bytes) {
    const Caller caller = CallerOf(context);
    if (Status why = core->Admit(caller, learners); !why.ok()) return call.Finish(std::move(why));
    Result<Request> request = net::ParseMessage<Request>(bytes);
    if (!request.ok()) return call.Finish(request.status());
    handle(*request, caller, Reply(core, call));
  };
}

}  // namespace keel::api
