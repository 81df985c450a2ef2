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
  Reply(CorePtr core, net::ServerCall call, std::string_view method)
      : call_(std::make_shared<Call>(std::move(core), call, method)) {}

  template <class Response>
  void Send(const Response& response) const {
    SendBytes(net::SerializeMessage(response));
  }
  void SendBytes(Payload message) const {
    if (core().transport().IsCurrent()) return call_->Answer(std::move(message));
    core().ToTransport([call = call_, message = std::move(message)]() mutable {
      call->Answer(std::move(message));
    });
  }
  void Fail(Status status) const {
    if (core().transport().IsCurrent()) return call_->Fail(std::move(status));
    core().ToTransport(
        [call = call_, status = std::move(status)]() mutable { call->Fail(std::move(status)); });
  }
  // On the transport: false once nobody waits for it any more.
  [[nodiscard]] bool IsWanted() const { return call_->call.IsOpen(); }
  // Lives as long as a copy of this, and belongs to whichever role has the call.
  [[nodiscard]] Trace* trace() const { return &call_->trace; }

 private:
  struct Call {
    Call(CorePtr of, net::ServerCall to, std::string_view method)
        : core(std::move(of)),
          call(to),
          trace(method, core->slow_requests().is_on() ? core->clock().MonotonicMs() : 0) {}
    void Answer(Payload message) {
      call.Reply(std::move(message));
      Note(Code::kOk);
    }
    void Fail(Status status) {
      const Code code = status.code();
      call.Finish(std::move(status));
      Note(code);
    }
    void Note(Code code) {
      SlowRequests& slow = core->slow_requests();
      if (slow.is_on()) slow.OnAnswered(trace, core->clock().MonotonicMs(), code);
    }

    const CorePtr core;
    net::ServerCall call;
    Trace trace;
  };
  [[nodiscard]] Core& core() const { return *call_->core; }

  std::shared_ptr<Call> call_;
};

// `handle` takes (const CorePtr&, Request&, const Caller&, const Reply&) once the caller is
// admitted.
template <class Request, class Handle>
[[nodiscard]] net::UnaryMethod Unary(CorePtr core, Core::Learners learners, Handle handle) {
  return
      [core = std::move(core), learners, handle = std::move(handle), method = std::string_view()](
          net::ServerCall call, const net::CallContext& context, std::string_view bytes) mutable {
        if (method.empty()) method = core->NameOf(context.path);
        const Caller caller = CallerOf(context);
        if (Status why = core->Admit(caller, learners); !why.ok())
          return call.Finish(std::move(why));
        Result<Request> request = net::ParseMessage<Request>(bytes);
        if (!request.ok()) return call.Finish(request.status());
        handle(core, *request, caller, Reply(core, call, method));
      };
}

}  // namespace keel::api
