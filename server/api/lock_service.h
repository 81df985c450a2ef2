// v3lockpb.Lock and v3electionpb.Election: what clients would build of keys, leases and watches,
// for those that would rather not.
//
// Belongs to the transport's executor.
#pragma once

#include "net/method_table.h"
#include "server/api/watch_center.h"

namespace keel::api {

void AddLock(const std::shared_ptr<WatchCenter>& center, net::MethodTable* methods);
void AddElection(const std::shared_ptr<WatchCenter>& center, net::MethodTable* methods);

}  // namespace keel::api
