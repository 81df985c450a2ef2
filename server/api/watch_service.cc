#include "server/api/watch_service.h"

#include <memory>

#include "server/api/streaming.h"
#include "server/api/watch_stream.h"

namespace keel::api {

void AddWatch(const std::shared_ptr<WatchCenter>& center, net::MethodTable* methods) {
  methods->AddStreaming(
      "/etcdserverpb.Watch/Watch",
      Streaming(center->core(), Core::Learners::kRefused,
                [center](const CorePtr&, net::ServerCall call, const Caller& caller) {
                  return std::make_unique<WatchStream>(center, call, caller.requires_leader);
                }));
}

}  // namespace keel::api
