// Between the SDK's plain values and etcd's messages, prefixes put on and taken off.
//
// The prefix goes before every key that is sent, and comes off every key that is received; a range
// without an end ends where the prefix does. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "api/etcdserverpb/kv.pb.h"
#include "api/etcdserverpb/watch.pb.h"
#include "client/kv.h"
#include "client/types.h"
#include "client/watch.h"

namespace keel::client {

[[nodiscard]] Header ToHeader(const etcdserverpb::ResponseHeader& from);
[[nodiscard]] KeyValue ToKeyValue(std::string_view prefix, mvccpb::KeyValue* from);
[[nodiscard]] Event ToEvent(std::string_view prefix, mvccpb::Event* from);

// Ranges as etcd has them: {key, range_end}.
[[nodiscard]] KeyRange WithPrefix(std::string_view prefix, const KeyRange& range);

struct GetEncoding {
  std::string_view prefix;
  bool serializable = false;
};
[[nodiscard]] etcdserverpb::RangeRequest Encode(const GetEncoding& how, const GetRequest& request);
[[nodiscard]] etcdserverpb::PutRequest Encode(std::string_view prefix, PutRequest request);
[[nodiscard]] etcdserverpb::DeleteRangeRequest Encode(std::string_view prefix,
                                                      const DeleteRequest& request);
[[nodiscard]] etcdserverpb::TxnRequest Encode(std::string_view prefix, const Txn& txn);

// They take the values out of the messages.
[[nodiscard]] GetResult Decode(std::string_view prefix, etcdserverpb::RangeResponse* from);
[[nodiscard]] PutResult Decode(std::string_view prefix, etcdserverpb::PutResponse* from);
[[nodiscard]] DeleteResult Decode(std::string_view prefix, etcdserverpb::DeleteRangeResponse* from);
[[nodiscard]] TxnResult Decode(std::string_view prefix, etcdserverpb::TxnResponse* from);

}  // namespace keel::client
