// From etcd's messages about keys to the store's words, and back.
//
// Strings are moved out of what is translated. Pure; any thread.
#pragma once

#include "api/etcdserverpb/kv.pb.h"
#include "base/result.h"
#include "kv/mvcc/answer.h"
#include "kv/mvcc/command.h"

namespace keel::api {

[[nodiscard]] Result<kv::RangeRequest> ToRange(etcdserverpb::RangeRequest* from);
[[nodiscard]] kv::PutOp ToPut(etcdserverpb::PutRequest* from);
[[nodiscard]] kv::DeleteRangeOp ToDeleteRange(etcdserverpb::DeleteRangeRequest* from);
[[nodiscard]] Result<kv::TxnOp> ToTxn(etcdserverpb::TxnRequest* from);
// Whether a transaction that only reads may be answered from any state: it has ranges, and each of
// them says so. One that only compares does not say so.
[[nodiscard]] bool IsSerializable(const etcdserverpb::TxnRequest& txn);

void Write(kv::KeyValue&& from, mvccpb::KeyValue* to);
void Write(const kv::KeyValue& from, mvccpb::KeyValue* to);
void Write(kv::RangeResult&& from, etcdserverpb::RangeResponse* to);
void Write(kv::PutResult&& from, etcdserverpb::PutResponse* to);
void Write(kv::DeleteRangeResult&& from, etcdserverpb::DeleteRangeResponse* to);
// `after` is the store's revision once the transaction was carried out. Inner headers carry the
// revision alone, as of their operation.
void Write(kv::TxnResult&& from, Revision after, etcdserverpb::TxnResponse* to);

}  // namespace keel::api
