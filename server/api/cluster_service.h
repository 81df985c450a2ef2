// etcdserverpb.Cluster: who belongs to it, and changes of that.
//
// A change is asked for at any member. One at a time is in the log: what meets another waits for
// it, for a while. Belongs to the transport's executor.
#pragma once

#include "net/method_table.h"
#include "server/api/core.h"

namespace keel::api {

void AddCluster(const CorePtr& core, net::MethodTable* methods);

}  // namespace keel::api
