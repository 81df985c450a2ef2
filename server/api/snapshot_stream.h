// Maintenance.Snapshot: the whole state of one moment, while the store goes on.
//
// Keel's own snapshot format (docs/kv_layout.md) in blobs of 32 KiB, filled up with zeros to a
// multiple of 512, and then the SHA-256 of all that as a last blob of 32 bytes. A caller who asks
// for chunks gets each in a message of its own, and nothing else: they carry their sums already.
// Read where it gives way to other work, a piece at a time and at most a MiB ahead of what the
// client takes. Belongs to the transport's executor.
#pragma once

#include <memory>

#include "net/rpc.h"
#include "server/api/core.h"

namespace keel::api {

[[nodiscard]] std::unique_ptr<net::CallHandler> MakeSnapshotStream(const CorePtr& core,
                                                                   net::ServerCall call,
                                                                   const Caller& caller);

}  // namespace keel::api
