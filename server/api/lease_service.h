// etcdserverpb.Lease: grants, revokes, renewals, and what is left.
//
// Belongs to the transport's executor.
#pragma once

#include "net/method_table.h"
#include "server/api/core.h"

namespace keel::api {

void AddLease(const CorePtr& core, net::MethodTable* methods);

}  // namespace keel::api
