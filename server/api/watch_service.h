// etcdserverpb.Watch: the stream of what changes.
//
// Belongs to the transport's executor.
#pragma once

#include "net/method_table.h"
#include "server/api/watch_center.h"

namespace keel::api {

void AddWatch(const std::shared_ptr<WatchCenter>& center, net::MethodTable* methods);

}  // namespace keel::api
