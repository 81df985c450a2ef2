// The client port's calls under gRPC's and etcd's names: grpc_server_*, etcd_server_client_* and
// etcd_network_client_*. Belongs to the client port's executor, as the counts do.
#pragma once

#include <string>

#include "base/status.h"
#include "net/call_counts.h"
#include "net/method_table.h"
#include "server/admin/metrics.h"

namespace keel::admin {

// As gRPC's Go library spells it in labels: "OK", "InvalidArgument", "Canceled".
[[nodiscard]] std::string CodeLabel(Code code);

// All methods of the table, those too that were never called: what is missing has no rate.
void AddCalls(const net::CallCounts& counts, const net::MethodTable& methods, Page* page);

}  // namespace keel::admin
