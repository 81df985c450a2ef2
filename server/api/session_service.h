// keel.api.Session: what makes a command that is sent twice take effect once (docs/api.md).
//
// Belongs to the transport's executor.
#pragma once

#include "net/method_table.h"
#include "server/api/core.h"

namespace keel::api {

void AddSession(const CorePtr& core, net::MethodTable* methods);

}  // namespace keel::api
