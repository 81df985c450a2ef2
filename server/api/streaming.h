// A streaming method, whose handler is made once its caller is admitted.
#pragma once

#include <memory>
#include <utility>

#include "net/rpc.h"
#include "server/api/core.h"

namespace keel::api {

// `make` takes (const CorePtr&, net::ServerCall, const Caller&) and gives the handler.
template <class Make>
[[nodiscard]] net::StreamingMethod Streaming(CorePtr core, Core::Learners learners, Make make) {
  return [core = std::move(core), learners, make = std::move(make)](
             net::ServerCall call,
             const net::CallContext& context) -> std::unique_ptr<net::CallHandler> {
    const Caller caller = CallerOf(context);
    if (Status why = core->AdmitOpen(caller, learners); !why.ok()) {
      call.Finish(std::move(why));
      return nullptr;
    }
    return make(core, call, caller);
  };
}

}  // namespace keel::api
