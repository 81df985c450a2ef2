// etcdserverpb.KV: ranges, puts, deletes, transactions, compaction.
//
// Ranges of one key are read where they arrive; all others, which may be large, on the pool.
// Belongs to the transport's executor.
#pragma once

#include "net/method_table.h"
#include "server/api/core.h"

namespace keel::api {

void AddKv(const CorePtr& core, net::MethodTable* methods);

}  // namespace keel::api
