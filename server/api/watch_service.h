// etcdserverpb.Watch: the stream of what changes.
//
// Belongs to the transport's executor.
#pragma once

#include "net/method_table.h"
#include "server/api/core.h"

namespace keel::api {

void AddWatch(const CorePtr& core, net::MethodTable* methods);

}  // namespace keel::api
