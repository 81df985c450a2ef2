#include "server/api/kv_service.h"

#include <algorithm>
#include <utility>

#include "api/etcdserverpb/kv.pb.h"
#include "kv/mvcc/range.h"
#include "kv/mvcc/read_txn.h"
#include "kv/mvcc/txn_shape.h"
#include "kv/mvcc/validate.h"
#include "server/api/range_stream.h"
#include "server/api/streaming.h"
#include "server/api/translate.h"
#include "server/api/unary.h"

namespace keel::api {

namespace pb = etcdserverpb;

namespace {

// How a request is read: from any state or from one that is new enough, and where.
struct Reading {
  bool serializable = false;
  Core::Where where = Core::Where::kPool;
};

// `answer` takes a view, and runs where that may be read: once, and perhaps at once.
template <class Answer>
void Read(const CorePtr& core, const Reading& how, const Reply& reply, Answer answer) {
  if (!how.serializable) {
    return core->Read(
        how.where,
        [reply, answer = std::move(answer)](const Result<ViewPtr>& view) mutable {
          if (!view.ok()) return reply.Fail(view.status());
          answer(**view);
        },
        reply.trace());
  }
  if (how.where == Core::Where::kTransport) return answer(*core->view());
  core->pool().Post([view = core->view(), answer = std::move(answer)]() mutable { answer(*view); });
}

// ---- ranges ----

// Where `view` may be read: it blocks for the disk.
void AnswerRange(const CorePtr& core, const kv::ReadView& view, const kv::RangeRequest& request,
                 const Reply& reply) {
  Result<kv::RangeResult> result = view.Range(request);
  if (core->slow_requests().is_on()) {
    reply.trace()->NoteEnd(Trace::Stage::kRead, core->clock().MonotonicMs());
  }
  if (!result.ok()) return reply.Fail(Unmapped(result.status()));
  if (result->error != kv::KvError::kNone) return reply.Fail(StatusOf(result->error));
  core->CountRead(1);
  pb::RangeResponse response;
  *response.mutable_header() = core->Header(view.revision());
  Write(std::move(*result), &response);
  reply.Send(response);
}

void Range(const CorePtr& core, pb::RangeRequest& message, const Caller& caller,
           const Reply& reply) {
  reply.trace()->SetKey(message.key());
  const bool serializable = message.serializable();
  if (!serializable) {
    if (Status why = core->Admit(caller, Core::Learners::kRefused); !why.ok()) {
      return reply.Fail(std::move(why));
    }
  }
  Result<kv::RangeRequest> request = ToRange(&message);
  if (!request.ok()) return reply.Fail(request.status());
  if (const kv::KvError bad = kv::CheckRange(*request); bad != kv::KvError::kNone) {
    return reply.Fail(StatusOf(bad));
  }
  request->bytes_max = core->options().max_response_bytes;
  const auto where = request->keys.IsSingle() ? Core::Where::kTransport : Core::Where::kPool;
  Read(core, {.serializable = serializable, .where = where}, reply,
       [core, request = std::move(*request), reply](const kv::ReadView& view) {
         AnswerRange(core, view, request, reply);
       });
}

// ---- changes ----

// The first key that a transaction names: enough to tell it by.
std::string_view KeyOf(const pb::TxnRequest& message) {
  if (message.compare_size() > 0) return message.compare(0).key();
  if (message.success_size() == 0) return {};
  const pb::RequestOp& op = message.success(0);
  if (op.has_request_put()) return op.request_put().key();
  if (op.has_request_delete_range()) return op.request_delete_range().key();
  return op.has_request_range() ? op.request_range().key() : std::string_view();
}

void Put(const CorePtr& core, pb::PutRequest& message, const Caller& caller, const Reply& reply) {
  reply.trace()->SetKey(message.key());
  core->Propose(caller, {.operation = ToPut(&message), .trace = reply.trace()},
                [core, reply](Result<node::Applied> applied) {
                  if (!applied.ok()) return reply.Fail(applied.status());
                  kv::Outcome& outcome = applied->outcome;
                  pb::PutResponse response;
                  *response.mutable_header() = core->Header(outcome.revision);
                  Write(std::move(std::get<kv::PutResult>(outcome.answer)), &response);
                  reply.Send(response);
                });
}

void DeleteRange(const CorePtr& core, pb::DeleteRangeRequest& message, const Caller& caller,
                 const Reply& reply) {
  reply.trace()->SetKey(message.key());
  core->Propose(caller,
                {.operation = ToDeleteRange(&message), .essential = true, .trace = reply.trace()},
                [core, reply](Result<node::Applied> applied) {
                  if (!applied.ok()) return reply.Fail(applied.status());
                  kv::Outcome& outcome = applied->outcome;
                  pb::DeleteRangeResponse response;
                  *response.mutable_header() = core->Header(outcome.revision);
                  Write(std::move(std::get<kv::DeleteRangeResult>(outcome.answer)), &response);
                  reply.Send(response);
                });
}

// ---- transactions ----

// Few enough reads of one key each that they do not hold up the transport.
constexpr uint64_t kTransportReadsMax = 4;

void ProposeTxn(const CorePtr& core, kv::TxnOp&& txn, const Caller& caller, const Reply& reply) {
  core->Propose(caller, {.operation = std::move(txn), .trace = reply.trace()},
                [core, reply](Result<node::Applied> applied) {
                  if (!applied.ok()) return reply.Fail(applied.status());
                  kv::Outcome& outcome = applied->outcome;
                  pb::TxnResponse response;
                  *response.mutable_header() = core->Header(outcome.revision);
                  Write(std::move(std::get<kv::TxnResult>(outcome.answer)), outcome.revision,
                        &response);
                  reply.Send(response);
                });
}

uint64_t CountRanges(const kv::TxnResult& txn) {
  uint64_t ranges = 0;
  for (const kv::OpResult& result : txn.results) {
    const auto* nested = std::get_if<kv::NestedTxnResult>(&result);
    ranges += nested == nullptr ? 1 : CountRanges(nested->txn.front());
  }
  return ranges;
}

// One that only reads, where `view` may be read: it blocks for the disk.
void AnswerTxn(const CorePtr& core, const kv::ReadView& view, kv::TxnOp&& txn, const Caller& caller,
               const Reply& reply) {
  // Who may read what is asked where commands are carried out, so there it goes.
  if (view.auth_enabled()) {
    return core->ToTransport([core, txn = std::move(txn), caller, reply]() mutable {
      ProposeTxn(core, std::move(txn), caller, reply);
    });
  }
  auto result = kv::ReadTxn(view, txn, core->options().max_response_bytes);
  if (core->slow_requests().is_on()) {
    reply.trace()->NoteEnd(Trace::Stage::kRead, core->clock().MonotonicMs());
  }
  if (!result.ok()) return reply.Fail(Unmapped(result.status()));
  if (result->error != kv::KvError::kNone) return reply.Fail(StatusOf(result->error));
  core->CountRead(CountRanges(result->value));
  pb::TxnResponse response;
  *response.mutable_header() = core->Header(view.revision());
  Write(std::move(result->value), view.revision(), &response);
  reply.Send(response);
}

void Txn(const CorePtr& core, pb::TxnRequest& message, const Caller& caller, const Reply& reply) {
  reply.trace()->SetKey(KeyOf(message));
  Result<kv::TxnOp> txn = ToTxn(&message);
  if (!txn.ok()) return reply.Fail(txn.status());
  const kv::TxnReads reads = kv::ReadsOf(*txn);
  // In a session it is a command like others: each sending of it gets the answer of the first.
  if (!reads.only || !caller.origin.session.IsNone()) {
    return ProposeTxn(core, std::move(*txn), caller, reply);
  }
  const kv::KvError bad = kv::ValidateTxn(*txn, {.txn_ops_max = core->options().max_txn_ops});
  if (bad != kv::KvError::kNone) return reply.Fail(StatusOf(bad));
  const bool is_small = reads.single_keys && reads.count <= kTransportReadsMax;
  Read(core,
       {.serializable = IsSerializable(message),
        .where = is_small ? Core::Where::kTransport : Core::Where::kPool},
       reply, [core, txn = std::move(*txn), caller, reply](const kv::ReadView& view) mutable {
         AnswerTxn(core, view, std::move(txn), caller, reply);
       });
}

void Compact(const CorePtr& core, const pb::CompactionRequest& message, const Caller& caller,
             const Reply& reply) {
  // Even where nothing was ever compacted: etcd counts from -1.
  if (message.revision() < 0) return reply.Fail(StatusOf(kv::KvError::kCompacted));
  const Revision revision(static_cast<uint64_t>(message.revision()));
  core->Propose(caller,
                {.operation = kv::CompactOp{revision}, .essential = true, .trace = reply.trace()},
                [core, reply, physical = message.physical()](const Result<node::Applied>& applied) {
                  if (!applied.ok()) return reply.Fail(applied.status());
                  pb::CompactionResponse response;
                  *response.mutable_header() = core->Header(applied->outcome.revision);
                  if (!physical) return reply.Send(response);
                  core->node().AwaitCompaction([reply, response](const Status& freed) {
                    if (!freed.ok()) return reply.Fail(StatusOf(ApiError::kStopped));
                    reply.Send(response);
                  });
                });
}

}  // namespace

void AddKv(const CorePtr& core, net::MethodTable* methods) {
  using Learners = Core::Learners;
  methods->AddUnary("/etcdserverpb.KV/Range",
                    Unary<pb::RangeRequest>(core, Learners::kServed, Range));
  methods->AddUnary("/etcdserverpb.KV/Put", Unary<pb::PutRequest>(core, Learners::kRefused, Put));
  methods->AddUnary("/etcdserverpb.KV/DeleteRange",
                    Unary<pb::DeleteRangeRequest>(core, Learners::kRefused, DeleteRange));
  methods->AddUnary("/etcdserverpb.KV/Txn", Unary<pb::TxnRequest>(core, Learners::kRefused, Txn));
  methods->AddUnary("/etcdserverpb.KV/Compact",
                    Unary<pb::CompactionRequest>(core, Learners::kRefused, Compact));
  methods->AddStreaming("/etcdserverpb.KV/RangeStream",
                        Streaming(core, Learners::kServed, MakeRangeStream));
}

}  // namespace keel::api
