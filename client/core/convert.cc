#include "client/core/convert.h"

#include <utility>

namespace keel::client {

namespace {

int64_t Signed(uint64_t number) { return static_cast<int64_t>(number); }
Revision ToRevision(int64_t number) { return Revision(static_cast<uint64_t>(number)); }

std::string WithoutPrefix(std::string_view prefix, std::string* key) {
  if (!prefix.empty() && key->starts_with(prefix)) key->erase(0, prefix.size());
  return std::move(*key);
}

void SetRange(std::string_view prefix, const KeyRange& range, std::string* key, std::string* end) {
  KeyRange whole = WithPrefix(prefix, range);
  *key = std::move(whole.begin);
  *end = std::move(whole.end);
}

}  // namespace

Header ToHeader(const etcdserverpb::ResponseHeader& from) {
  return {.cluster_id = from.cluster_id(),
          .member = NodeId(from.member_id()),
          .revision = ToRevision(from.revision()),
          .term = Term(from.raft_term())};
}

KeyValue ToKeyValue(std::string_view prefix, mvccpb::KeyValue* from) {
  return {.key = WithoutPrefix(prefix, from->mutable_key()),
          .value = std::move(*from->mutable_value()),
          .create_revision = ToRevision(from->create_revision()),
          .mod_revision = ToRevision(from->mod_revision()),
          .version = static_cast<uint64_t>(from->version()),
          .lease = LeaseId(static_cast<uint64_t>(from->lease()))};
}

Event ToEvent(std::string_view prefix, mvccpb::Event* from) {
  Event event{
      .kind = from->type() == mvccpb::Event::DELETE ? Event::Kind::kDelete : Event::Kind::kPut,
      .kv = ToKeyValue(prefix, from->mutable_kv())};
  if (from->has_prev_kv()) event.previous = ToKeyValue(prefix, from->mutable_prev_kv());
  return event;
}

KeyRange WithPrefix(std::string_view prefix, const KeyRange& range) {
  if (prefix.empty()) return range;
  KeyRange whole;
  const bool everything = range.begin == std::string_view("\0", 1) && !range.end.empty();
  whole.begin = std::string(prefix) + (everything ? std::string() : range.begin);
  if (range.end.empty()) return whole;
  const bool endless = range.end == std::string_view("\0", 1);
  whole.end = endless ? KeyRange::Prefix(prefix).end : std::string(prefix) + range.end;
  return whole;
}

// ---- requests ----

etcdserverpb::RangeRequest Encode(const GetEncoding& how, const GetRequest& request) {
  etcdserverpb::RangeRequest to;
  SetRange(how.prefix, request.range, to.mutable_key(), to.mutable_range_end());
  to.set_limit(Signed(request.limit));
  to.set_revision(Signed(request.revision.value()));
  to.set_sort_order(static_cast<etcdserverpb::RangeRequest::SortOrder>(request.order));
  to.set_sort_target(static_cast<etcdserverpb::RangeRequest::SortTarget>(request.order_by));
  to.set_serializable(how.serializable);
  to.set_keys_only(request.keys_only);
  to.set_count_only(request.count_only);
  to.set_min_mod_revision(Signed(request.mod_revision_min.value()));
  to.set_max_mod_revision(Signed(request.mod_revision_max.value()));
  to.set_min_create_revision(Signed(request.create_revision_min.value()));
  to.set_max_create_revision(Signed(request.create_revision_max.value()));
  return to;
}

etcdserverpb::PutRequest Encode(std::string_view prefix, PutRequest request) {
  etcdserverpb::PutRequest to;
  if (!prefix.empty()) request.key.insert(0, prefix);
  to.set_key(std::move(request.key));
  to.set_value(std::move(request.value));
  to.set_lease(Signed(request.lease.value()));
  to.set_prev_kv(request.previous);
  to.set_ignore_value(request.ignore_value);
  to.set_ignore_lease(request.ignore_lease);
  return to;
}

etcdserverpb::DeleteRangeRequest Encode(std::string_view prefix, const DeleteRequest& request) {
  etcdserverpb::DeleteRangeRequest to;
  SetRange(prefix, request.range, to.mutable_key(), to.mutable_range_end());
  to.set_prev_kv(request.previous);
  return to;
}

namespace {

void EncodeCompare(std::string_view prefix, const Compare& compare, etcdserverpb::Compare* to) {
  SetRange(prefix, compare.range, to->mutable_key(), to->mutable_range_end());
  to->set_result(static_cast<etcdserverpb::Compare::CompareResult>(compare.relation));
  to->set_target(static_cast<etcdserverpb::Compare::CompareTarget>(compare.subject));
  switch (compare.subject) {
    case Compare::Subject::kVersion:
      return to->set_version(Signed(compare.number));
    case Compare::Subject::kCreateRevision:
      return to->set_create_revision(Signed(compare.number));
    case Compare::Subject::kModRevision:
      return to->set_mod_revision(Signed(compare.number));
    case Compare::Subject::kValue:
      return to->set_value(compare.value);
    case Compare::Subject::kLease:
      return to->set_lease(Signed(compare.number));
  }
}

// Which of RequestOp's fields a step is.
struct StepEncoder {
  std::string_view prefix;
  etcdserverpb::RequestOp* to;

  void operator()(const GetRequest& get) const {
    *to->mutable_request_range() = Encode(GetEncoding{.prefix = prefix}, get);
  }
  void operator()(const PutRequest& put) const { *to->mutable_request_put() = Encode(prefix, put); }
  void operator()(const DeleteRequest& remove) const {
    *to->mutable_request_delete_range() = Encode(prefix, remove);
  }
  void operator()(const Txn& txn) const { *to->mutable_request_txn() = Encode(prefix, txn); }
};

}  // namespace

etcdserverpb::TxnRequest Encode(std::string_view prefix, const Txn& txn) {
  etcdserverpb::TxnRequest to;
  for (const Compare& compare : txn.compares()) EncodeCompare(prefix, compare, to.add_compare());
  for (const Txn::Step& step : txn.then_steps()) {
    std::visit(StepEncoder{.prefix = prefix, .to = to.add_success()}, step);
  }
  for (const Txn::Step& step : txn.else_steps()) {
    std::visit(StepEncoder{.prefix = prefix, .to = to.add_failure()}, step);
  }
  return to;
}

// ---- answers ----

GetResult Decode(std::string_view prefix, etcdserverpb::RangeResponse* from) {
  GetResult result{.header = ToHeader(from->header()),
                   .more = from->more(),
                   .count = static_cast<uint64_t>(from->count())};
  result.kvs.reserve(static_cast<size_t>(from->kvs_size()));
  for (auto& kv : *from->mutable_kvs()) result.kvs.push_back(ToKeyValue(prefix, &kv));
  return result;
}

PutResult Decode(std::string_view prefix, etcdserverpb::PutResponse* from) {
  PutResult result{.header = ToHeader(from->header())};
  if (from->has_prev_kv()) result.previous = ToKeyValue(prefix, from->mutable_prev_kv());
  return result;
}

DeleteResult Decode(std::string_view prefix, etcdserverpb::DeleteRangeResponse* from) {
  DeleteResult result{.header = ToHeader(from->header()),
                      .deleted = static_cast<uint64_t>(from->deleted())};
  for (auto& kv : *from->mutable_prev_kvs()) result.previous.push_back(ToKeyValue(prefix, &kv));
  return result;
}

TxnResult Decode(std::string_view prefix, etcdserverpb::TxnResponse* from) {
  TxnResult result{.header = ToHeader(from->header()), .succeeded = from->succeeded()};
  for (auto& answer : *from->mutable_responses()) {
    switch (answer.response_case()) {
      case etcdserverpb::ResponseOp::kResponseRange:
        result.answers.emplace_back(Decode(prefix, answer.mutable_response_range()));
        break;
      case etcdserverpb::ResponseOp::kResponsePut:
        result.answers.emplace_back(Decode(prefix, answer.mutable_response_put()));
        break;
      case etcdserverpb::ResponseOp::kResponseDeleteRange:
        result.answers.emplace_back(Decode(prefix, answer.mutable_response_delete_range()));
        break;
      case etcdserverpb::ResponseOp::kResponseTxn:
        result.answers.emplace_back(Decode(prefix, answer.mutable_response_txn()));
        break;
      case etcdserverpb::ResponseOp::RESPONSE_NOT_SET:
        break;
    }
  }
  return result;
}

}  // namespace keel::client
