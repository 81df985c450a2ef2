#include "server/api/watch_service.h"

#include <utility>

#include "server/api/watch_stream.h"

namespace keel::api {

void AddWatch(const std::shared_ptr<WatchCenter>& center, net::MethodTable* methods) {
  methods->AddStreaming(
      "/etcdserverpb.Watch/Watch",
      [center](net::ServerCall call,
               const net::CallContext& context) -> std::unique_ptr<net::CallHandler> {
        const Caller caller = CallerOf(context);
        if (Status why = center->core()->AdmitOpen(caller, Core::Learners::kRefused); !why.ok()) {
          call.Finish(std::move(why));
          return nullptr;
        }
        return std::make_unique<WatchStream>(center, call, caller.requires_leader);
      });
}

}  // namespace keel::api
