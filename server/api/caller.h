// What a request carries beside its message: who asks, and under which conditions.
//
// Read from the call's metadata when it begins. A value; any thread.
#pragma once

#include "base/status.h"
#include "kv/mvcc/command.h"
#include "net/rpc.h"

namespace keel::api {

struct Caller {
  kv::Origin origin;
  // `hasleader: true`: an answer from a member that knows no leader is not wanted.
  bool requires_leader = false;
  // `keel-snapshot: chunks`: a snapshot is wanted chunk by chunk (server/api/snapshot_stream.h).
  bool wants_chunks = false;
  // Not OK: what the metadata says cannot be.
  Status bad_metadata;
};

// `keel-session` and `keel-sequence` make a command take effect once, however often it is sent;
// `keel-acknowledged` is the highest sequence whose answer, and those below it, may be forgotten.
[[nodiscard]] Caller CallerOf(const net::CallContext& context);

}  // namespace keel::api
