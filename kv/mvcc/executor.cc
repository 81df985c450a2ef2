#include "kv/mvcc/executor.h"

#include <utility>

#include "kv/mvcc/compare.h"
#include "kv/mvcc/range.h"
#include "kv/mvcc/txn_shape.h"

namespace keel::kv {

namespace {

const std::vector<RequestOp>& Branch(const TxnOp& op, bool success) {
  return success ? op.success : op.failure;
}

}  // namespace

Result<Refusable<PutResult>> Executor::Put(PutOp&& op) {
  KEEL_ASSIGN_OR_RETURN(const KvError refused, CheckPut(op));
  if (refused != KvError::kNone) return Refusable<PutResult>{.error = refused};
  KEEL_ASSIGN_OR_RETURN(PutResult result, RunPut(std::move(op)));
  return Refusable<PutResult>{.value = std::move(result)};
}

Result<Refusable<DeleteRangeResult>> Executor::DeleteRange(const DeleteRangeOp& op) {
  KEEL_ASSIGN_OR_RETURN(DeleteRangeResult result, RunDelete(op));
  return Refusable<DeleteRangeResult>{.value = std::move(result)};
}

Result<Refusable<TxnResult>> Executor::Txn(const TxnOp& op) {
  // What it may cost counts, not what it will.
  if (parts_.no_space && Puts(op)) return Refusable<TxnResult>{.error = KvError::kNoSpace};
  Path path;
  KEEL_RETURN_IF_ERROR(Choose(op, &path));
  size_t at = 0;
  KEEL_ASSIGN_OR_RETURN(const KvError refused, Check(op, path, &at));
  if (refused != KvError::kNone) return Refusable<TxnResult>{.error = refused};
  at = 0;
  KEEL_ASSIGN_OR_RETURN(TxnResult result, Run(op, path, &at));
  // As etcd counts them.
  if (parts_.counts != nullptr && done_ > 1) parts_.counts->txns.Add();
  return Refusable<TxnResult>{.value = std::move(result)};
}

void Executor::Count(Tally OperationCounts::*kind, uint64_t put_bytes) {
  ++done_;
  if (parts_.counts == nullptr) return;
  (parts_.counts->*kind).Add();
  if (put_bytes != 0) parts_.counts->put_bytes.Add(put_bytes);
}

Result<bool> Executor::Holds(const Compare& compare) {
  bool any = false;
  bool all = true;
  KEEL_RETURN_IF_ERROR(parts_.pending->ForEachLive(compare.keys, [&](const KeyValue& kv) {
    any = true;
    all = kv::Holds(compare, kv);
    return all;
  }));
  if (any) return all;
  return HoldsForNoKey(compare);
}

Status Executor::Choose(const TxnOp& op, Path* path) {
  bool success = true;
  for (const Compare& compare : op.compares) {
    KEEL_ASSIGN_OR_RETURN(const bool holds, Holds(compare));
    success = success && holds;
    if (!success) break;
  }
  path->push_back(success);
  for (const RequestOp& request : Branch(op, success)) {
    if (const auto* nested = std::get_if<NestedTxn>(&request)) {
      KEEL_RETURN_IF_ERROR(Choose(nested->txn.front(), path));
    }
  }
  return Status::Ok();
}

KvError Executor::CheckRead(const RangeRequest& request) const {
  if (request.revision > parts_.state->revision) return KvError::kFutureRevision;
  if (!request.revision.IsNone() && request.revision < parts_.state->compacted) {
    return KvError::kCompacted;
  }
  return KvError::kNone;
}

Result<KvError> Executor::CheckPut(const PutOp& op) {
  if (parts_.no_space) return KvError::kNoSpace;
  if (!op.lease.IsNone() && !parts_.leases->Contains(op.lease)) return KvError::kLeaseNotFound;
  uint64_t value_bytes = op.value.size();
  if (op.ignore_value || op.ignore_lease) {
    KEEL_ASSIGN_OR_RETURN(const auto head, parts_.pending->FindHead(op.key));
    if (!head.has_value()) return KvError::kKeyNotFound;
    if (op.ignore_value) value_bytes = head->value_bytes;
  }
  const bool fits = parts_.rules->Admits(op.key, op.key.size() + value_bytes);
  return fits ? KvError::kNone : KvError::kNoSpace;
}

Result<KvError> Executor::Check(const TxnOp& op, const Path& path, size_t* at) {
  for (const RequestOp& request : Branch(op, path[(*at)++])) {
    KvError refused = KvError::kNone;
    if (const auto* range = std::get_if<RangeRequest>(&request)) refused = CheckRead(*range);
    if (const auto* put = std::get_if<PutOp>(&request)) {
      KEEL_ASSIGN_OR_RETURN(refused, CheckPut(*put));
    }
    if (const auto* nested = std::get_if<NestedTxn>(&request)) {
      KEEL_ASSIGN_OR_RETURN(refused, Check(nested->txn.front(), path, at));
    }
    if (refused != KvError::kNone) return refused;
  }
  return KvError::kNone;
}

Result<TxnResult> Executor::Run(const TxnOp& op, const Path& path, size_t* at) {
  TxnResult result{.succeeded = path[(*at)++], .results = {}};
  for (const RequestOp& request : Branch(op, result.succeeded)) {
    KEEL_ASSIGN_OR_RETURN(OpResult one, RunOp(request, path, at));
    result.results.push_back(std::move(one));
  }
  return result;
}

Result<OpResult> Executor::RunOp(const RequestOp& op, const Path& path, size_t* at) {
  if (const auto* put = std::get_if<PutOp>(&op)) {
    KEEL_ASSIGN_OR_RETURN(PutResult result, RunPut(PutOp(*put)));
    return OpResult(std::move(result));
  }
  if (const auto* remove = std::get_if<DeleteRangeOp>(&op)) {
    KEEL_ASSIGN_OR_RETURN(DeleteRangeResult result, RunDelete(*remove));
    return OpResult(std::move(result));
  }
  if (const auto* nested = std::get_if<NestedTxn>(&op)) {
    NestedTxnResult result;
    KEEL_ASSIGN_OR_RETURN(TxnResult inner, Run(nested->txn.front(), path, at));
    result.txn.push_back(std::move(inner));
    return OpResult(std::move(result));
  }
  const auto* range = std::get_if<RangeRequest>(&op);
  KEEL_CHECK(range != nullptr) << "an empty request passed validation";
  KEEL_ASSIGN_OR_RETURN(RangeResult result, RunRange(*range));
  return OpResult(std::move(result));
}

Result<PutResult> Executor::RunPut(PutOp&& op) {
  PutResult result;
  std::optional<KeyValue> old;
  if (op.prev_kv || op.ignore_value || op.ignore_lease) {
    KEEL_ASSIGN_OR_RETURN(old, parts_.pending->Read(op.key));
  }
  if (op.ignore_value && old.has_value()) op.value = old->value;
  if (op.ignore_lease && old.has_value()) op.lease = old->lease;
  Count(&OperationCounts::puts, op.key.size() + op.value.size());
  KEEL_RETURN_IF_ERROR(parts_.pending->Put(std::move(op.key), std::move(op.value), op.lease));
  if (op.prev_kv) result.previous = std::move(old);
  return result;
}

Result<DeleteRangeResult> Executor::RunDelete(const DeleteRangeOp& op) {
  Count(&OperationCounts::deletes);
  DeleteRangeResult result;
  if (op.keys.IsSingle() && !op.prev_kv) {
    KEEL_ASSIGN_OR_RETURN(const bool deleted, parts_.pending->Delete(op.keys.begin));
    result.deleted = deleted ? 1 : 0;
    return result;
  }
  // Gathered first: deleting changes what is being walked.
  std::vector<KeyValue> found;
  KEEL_RETURN_IF_ERROR(parts_.pending->ForEachLive(op.keys, [&](KeyValue kv) {
    if (!op.prev_kv) kv.value.clear();
    found.push_back(std::move(kv));
    return true;
  }));
  for (const KeyValue& kv : found) {
    KEEL_ASSIGN_OR_RETURN(const bool deleted, parts_.pending->Delete(kv.key));
    KEEL_CHECK(deleted) << "a live key was not there";
  }
  result.deleted = found.size();
  if (op.prev_kv) result.previous = std::move(found);
  return result;
}

Result<RangeResult> Executor::RunRange(const RangeRequest& request) {
  Count(&OperationCounts::ranges);
  if (!request.revision.IsNone()) {
    KEEL_CHECK(parts_.past != nullptr) << "a read of the past without one";
    return parts_.past->Range(request);
  }
  RangeAssembler assembler(request);
  KEEL_RETURN_IF_ERROR(parts_.pending->ForEachLive(request.keys, [&](KeyValue kv) {
    if (!assembler.Wants()) return true;
    if (!assembler.needs_value()) kv.value.clear();
    assembler.Add(std::move(kv));
    return true;
  }));
  return assembler.Finish();
}

}  // namespace keel::kv
