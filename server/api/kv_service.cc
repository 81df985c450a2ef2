#include "server/api/kv_service.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "api/etcdserverpb/kv.pb.h"
#include "kv/mvcc/range.h"
#include "kv/mvcc/read_txn.h"
#include "kv/mvcc/txn_shape.h"
#include "kv/mvcc/validate.h"
#include "server/api/range_stream.h"
#include "server/api/translate.h"
#include "server/api/unary.h"

namespace keel::api {

namespace pb = etcdserverpb;

namespace {

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
  // Short of what was asked for only because of the budget: etcd's clients would not notice.
  const bool cut = result->more && (request.limit == 0 || result->kvs.size() < request.limit);
  if (cut) return reply.Fail(StatusOf(ApiError::kAnswerTooLarge));
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
  if (!serializable) {
    return core->Read(
        where,
        [core, request = std::move(*request), reply](const Result<ViewPtr>& view) {
          if (!view.ok()) return reply.Fail(view.status());
          AnswerRange(core, **view, request, reply);
        },
        reply.trace());
  }
  if (where == Core::Where::kTransport) {
    return AnswerRange(core, *core->view(), *request, reply);
  }
  core->pool().Post([core, view = core->view(), request = std::move(*request), reply] {
    AnswerRange(core, *view, request, reply);
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

// A transaction that only reads, until it is answered.
struct TxnReading {
  kv::TxnOp txn;
  Caller caller;
  Reply reply;
};

// Where `view` may be read: it blocks for the disk.
void AnswerTxn(const CorePtr& core, const kv::ReadView& view,
               const std::shared_ptr<TxnReading>& reading) {
  const Reply& reply = reading->reply;
  // Who may read what is asked where commands are carried out, so there it goes.
  if (view.auth_enabled()) {
    return core->ToTransport([core, reading] {
      ProposeTxn(core, std::move(reading->txn), reading->caller, reading->reply);
    });
  }
  auto result = kv::ReadTxn(view, reading->txn, core->options().max_response_bytes);
  if (core->slow_requests().is_on()) {
    reply.trace()->NoteEnd(Trace::Stage::kRead, core->clock().MonotonicMs());
  }
  if (!result.ok()) return reply.Fail(Unmapped(result.status()));
  if (result->error != kv::KvError::kNone) return reply.Fail(StatusOf(result->error));
  pb::TxnResponse response;
  *response.mutable_header() = core->Header(view.revision());
  Write(std::move(result->value), view.revision(), &response);
  reply.Send(response);
}

void ReadTxn(const CorePtr& core, const kv::TxnReads& reads, bool serializable,
             const std::shared_ptr<TxnReading>& reading) {
  const bool is_small = reads.single_keys && reads.count <= kTransportReadsMax;
  const auto where = is_small ? Core::Where::kTransport : Core::Where::kPool;
  if (!serializable) {
    return core->Read(
        where,
        [core, reading](const Result<ViewPtr>& view) {
          if (!view.ok()) return reading->reply.Fail(view.status());
          AnswerTxn(core, **view, reading);
        },
        reading->reply.trace());
  }
  if (is_small) return AnswerTxn(core, *core->view(), reading);
  core->pool().Post([core, view = core->view(), reading] { AnswerTxn(core, *view, reading); });
}

void Txn(const CorePtr& core, pb::TxnRequest& message, const Caller& caller, const Reply& reply) {
  reply.trace()->SetKey(KeyOf(message));
  const bool serializable = IsSerializable(message);
  Result<kv::TxnOp> txn = ToTxn(&message);
  if (!txn.ok()) return reply.Fail(txn.status());
  const kv::TxnReads reads = kv::ReadsOf(*txn);
  // In a session it is a command like others: each sending of it gets the answer of the first.
  if (!reads.only || !caller.origin.session.IsNone()) {
    return ProposeTxn(core, std::move(*txn), caller, reply);
  }
  const kv::KvError bad = kv::ValidateTxn(*txn, {.txn_ops_max = core->options().max_txn_ops});
  if (bad != kv::KvError::kNone) return reply.Fail(StatusOf(bad));
  ReadTxn(core, reads, serializable,
          std::make_shared<TxnReading>(TxnReading{std::move(*txn), caller, reply}));
}

void Compact(const CorePtr& core, const pb::CompactionRequest& message, const Caller& caller,
             const Reply& reply) {
  const Revision revision(static_cast<uint64_t>(std::max<int64_t>(message.revision(), 0)));
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
  methods->AddStreaming(
      "/etcdserverpb.KV/RangeStream",
      [core](net::ServerCall call,
             const net::CallContext& context) -> std::unique_ptr<net::CallHandler> {
        const Caller caller = CallerOf(context);
        if (Status why = core->AdmitOpen(caller, Learners::kServed); !why.ok()) {
          call.Finish(std::move(why));
          return nullptr;
        }
        return MakeRangeStream(core, call, caller);
      });
}

}  // namespace keel::api
