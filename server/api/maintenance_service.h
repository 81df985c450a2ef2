// etcdserverpb.Maintenance: the care of one member.
//
// Belongs to the transport's executor.
#pragma once

#include "net/method_table.h"
#include "server/api/core.h"

namespace keel::api {

void AddMaintenance(const CorePtr& core, net::MethodTable* methods);

}  // namespace keel::api
