#include "server/api/translate.h"

#include <limits>
#include <utility>

#include "server/api/errors.h"

namespace keel::api {

namespace pb = etcdserverpb;

namespace {

// The client's way of saying "none" is zero; less than that means nothing either.
uint64_t Natural(int64_t number) { return number > 0 ? static_cast<uint64_t>(number) : 0; }

int64_t Signed(uint64_t number) { return static_cast<int64_t>(number); }

Result<kv::RequestOp> ToRequestOp(pb::RequestOp* from) {
  switch (from->request_case()) {
    case pb::RequestOp::kRequestRange: {
      KEEL_ASSIGN_OR_RETURN(kv::RangeRequest range, ToRange(from->mutable_request_range()));
      return kv::RequestOp(std::move(range));
    }
    case pb::RequestOp::kRequestPut:
      return kv::RequestOp(ToPut(from->mutable_request_put()));
    case pb::RequestOp::kRequestDeleteRange:
      return kv::RequestOp(ToDeleteRange(from->mutable_request_delete_range()));
    case pb::RequestOp::kRequestTxn: {
      KEEL_ASSIGN_OR_RETURN(kv::TxnOp txn, ToTxn(from->mutable_request_txn()));
      kv::NestedTxn nested;
      nested.txn.push_back(std::move(txn));
      return kv::RequestOp(std::move(nested));
    }
    case pb::RequestOp::REQUEST_NOT_SET:
      break;
  }
  return kv::RequestOp();
}

// Numbers below zero compare as numbers do, though the store's are never below zero: such a compare
// is decided already, the same for every key.
void SetNumber(int64_t number, kv::Compare* to) {
  constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
  to->number = static_cast<uint64_t>(number);
  if (number >= 0 || to->target == kv::CompareTarget::kLease) return;
  const bool holds =
      to->result == kv::CompareResult::kGreater || to->result == kv::CompareResult::kNotEqual;
  to->number = kNever;
  to->result = holds ? kv::CompareResult::kNotEqual : kv::CompareResult::kEqual;
}

Result<kv::Compare> ToCompare(pb::Compare* from) {
  if (!pb::Compare::CompareResult_IsValid(from->result()) ||
      !pb::Compare::CompareTarget_IsValid(from->target())) {
    return StatusOf(ApiError::kBadRequest);
  }
  kv::Compare to;
  to.keys = {std::move(*from->mutable_key()), std::move(*from->mutable_range_end())};
  to.result = static_cast<kv::CompareResult>(from->result());
  to.target = static_cast<kv::CompareTarget>(from->target());
  switch (to.target) {
    case kv::CompareTarget::kVersion:
      SetNumber(from->version(), &to);
      break;
    case kv::CompareTarget::kCreate:
      SetNumber(from->create_revision(), &to);
      break;
    case kv::CompareTarget::kMod:
      SetNumber(from->mod_revision(), &to);
      break;
    case kv::CompareTarget::kLease:
      SetNumber(from->lease(), &to);
      break;
    case kv::CompareTarget::kValue:
      to.value = from->value();
      break;
  }
  return to;
}

// Which kinds of range a transaction has, in both branches and all that is nested in them.
struct RangeKinds {
  bool serializable = false;
  bool linearizable = false;
};

RangeKinds KindsIn(const pb::TxnRequest& txn) {
  RangeKinds kinds;
  for (const auto* branch : {&txn.success(), &txn.failure()}) {
    for (const pb::RequestOp& op : *branch) {
      RangeKinds more;
      if (op.has_request_txn()) more = KindsIn(op.request_txn());
      if (op.has_request_range()) {
        more.serializable = op.request_range().serializable();
        more.linearizable = !more.serializable;
      }
      kinds.serializable = kinds.serializable || more.serializable;
      kinds.linearizable = kinds.linearizable || more.linearizable;
    }
  }
  return kinds;
}

// Whether anything in it changed a key.
bool Changed(const kv::TxnResult& txn) {
  for (const kv::OpResult& result : txn.results) {
    if (std::holds_alternative<kv::PutResult>(result)) return true;
    if (const auto* deleted = std::get_if<kv::DeleteRangeResult>(&result)) {
      if (deleted->deleted > 0) return true;
    }
    if (const auto* nested = std::get_if<kv::NestedTxnResult>(&result)) {
      if (Changed(nested->txn.front())) return true;
    }
  }
  return false;
}

// *now is the revision that an operation at this place sees.
void WriteOps(kv::TxnResult&& from, Revision after, Revision* now, pb::TxnResponse* to);

struct OpWriter {
  Revision after;
  Revision* now;
  pb::ResponseOp* to;

  void operator()(kv::RangeResult& result) const {
    pb::RangeResponse* response = to->mutable_response_range();
    Write(std::move(result), response);
    response->mutable_header()->set_revision(Signed(now->value()));
  }
  void operator()(kv::PutResult& result) const {
    *now = after;
    pb::PutResponse* response = to->mutable_response_put();
    Write(std::move(result), response);
    response->mutable_header()->set_revision(Signed(now->value()));
  }
  void operator()(kv::DeleteRangeResult& result) const {
    if (result.deleted > 0) *now = after;
    pb::DeleteRangeResponse* response = to->mutable_response_delete_range();
    Write(std::move(result), response);
    response->mutable_header()->set_revision(Signed(now->value()));
  }
  void operator()(kv::NestedTxnResult& result) const {
    pb::TxnResponse* response = to->mutable_response_txn();
    response->mutable_header();
    WriteOps(std::move(result.txn.front()), after, now, response);
  }
};

void WriteOps(kv::TxnResult&& from, Revision after, Revision* now, pb::TxnResponse* to) {
  to->set_succeeded(from.succeeded);
  for (kv::OpResult& result : from.results) {
    std::visit(OpWriter{after, now, to->add_responses()}, result);
  }
}

}  // namespace

Result<kv::RangeRequest> ToRange(pb::RangeRequest* from) {
  if (!pb::RangeRequest::SortOrder_IsValid(from->sort_order()) ||
      !pb::RangeRequest::SortTarget_IsValid(from->sort_target())) {
    return StatusOf(ApiError::kInvalidSortOption);
  }
  kv::RangeRequest to;
  to.keys = {std::move(*from->mutable_key()), std::move(*from->mutable_range_end())};
  to.revision = Revision(Natural(from->revision()));
  to.limit = Natural(from->limit());
  to.sort_order = static_cast<kv::SortOrder>(from->sort_order());
  to.sort_target = static_cast<kv::SortTarget>(from->sort_target());
  to.keys_only = from->keys_only();
  to.count_only = from->count_only();
  to.min_mod = Revision(Natural(from->min_mod_revision()));
  to.max_mod = Revision(Natural(from->max_mod_revision()));
  to.min_create = Revision(Natural(from->min_create_revision()));
  to.max_create = Revision(Natural(from->max_create_revision()));
  return to;
}

kv::PutOp ToPut(pb::PutRequest* from) {
  kv::PutOp to;
  to.key = std::move(*from->mutable_key());
  to.value = std::move(*from->mutable_value());
  to.lease = kv::LeaseId(static_cast<uint64_t>(from->lease()));
  to.prev_kv = from->prev_kv();
  to.ignore_value = from->ignore_value();
  to.ignore_lease = from->ignore_lease();
  return to;
}

kv::DeleteRangeOp ToDeleteRange(pb::DeleteRangeRequest* from) {
  return {.keys = {std::move(*from->mutable_key()), std::move(*from->mutable_range_end())},
          .prev_kv = from->prev_kv()};
}

bool IsSerializable(const pb::TxnRequest& txn) {
  const RangeKinds kinds = KindsIn(txn);
  return kinds.serializable && !kinds.linearizable;
}

Result<kv::TxnOp> ToTxn(pb::TxnRequest* from) {
  kv::TxnOp to;
  for (pb::Compare& compare : *from->mutable_compare()) {
    KEEL_ASSIGN_OR_RETURN(kv::Compare translated, ToCompare(&compare));
    to.compares.push_back(std::move(translated));
  }
  for (pb::RequestOp& op : *from->mutable_success()) {
    KEEL_ASSIGN_OR_RETURN(kv::RequestOp translated, ToRequestOp(&op));
    to.success.push_back(std::move(translated));
  }
  for (pb::RequestOp& op : *from->mutable_failure()) {
    KEEL_ASSIGN_OR_RETURN(kv::RequestOp translated, ToRequestOp(&op));
    to.failure.push_back(std::move(translated));
  }
  return to;
}

void Write(kv::KeyValue&& from, mvccpb::KeyValue* to) {
  to->set_key(std::move(from.key));
  to->set_value(std::move(from.value));
  to->set_create_revision(Signed(from.create.value()));
  to->set_mod_revision(Signed(from.mod.value()));
  to->set_version(Signed(from.version));
  to->set_lease(Signed(from.lease.value()));
}

void Write(const kv::KeyValue& from, mvccpb::KeyValue* to) { Write(kv::KeyValue(from), to); }

void Write(kv::RangeResult&& from, pb::RangeResponse* to) {
  to->mutable_kvs()->Reserve(static_cast<int>(from.kvs.size()));
  for (kv::KeyValue& kv : from.kvs) Write(std::move(kv), to->add_kvs());
  to->set_more(from.more);
  to->set_count(Signed(from.count));
}

void Write(kv::PutResult&& from, pb::PutResponse* to) {
  if (from.previous.has_value()) Write(std::move(*from.previous), to->mutable_prev_kv());
}

void Write(kv::DeleteRangeResult&& from, pb::DeleteRangeResponse* to) {
  to->set_deleted(Signed(from.deleted));
  for (kv::KeyValue& kv : from.previous) Write(std::move(kv), to->add_prev_kvs());
}

void Write(kv::TxnResult&& from, Revision after, pb::TxnResponse* to) {
  Revision now = Changed(from) ? after.Prev() : after;
  WriteOps(std::move(from), after, &now, to);
}

}  // namespace keel::api
