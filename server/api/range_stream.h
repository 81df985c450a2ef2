// KV.RangeStream: a range in pieces, all of one revision, while the store goes on.
//
// Merged, they are what Range answers, without its bound: the last piece alone has the header,
// `more` and `count`, as etcd's. What a stream cannot do without the whole, sorting and hiding by
// revision, is refused in etcd's words. Belongs to the transport's executor.
#pragma once

#include <memory>

#include "net/rpc.h"
#include "server/api/core.h"

namespace keel::api {

[[nodiscard]] std::unique_ptr<net::CallHandler> MakeRangeStream(const CorePtr& core,
                                                                net::ServerCall call,
                                                                const Caller& caller);

}  // namespace keel::api
