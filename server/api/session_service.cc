#include "server/api/session_service.h"

#include "api/keel/session.pb.h"
#include "server/api/unary.h"

namespace keel::api {

namespace {

template <class Response>
ProposeDone Answering(const CorePtr& core, const Reply& reply, Response response) {
  return [core, reply, response](const Result<node::Applied>& applied) mutable {
    if (!applied.ok()) return reply.Fail(applied.status());
    *response.mutable_header() = core->Header(applied->outcome.revision);
    reply.Send(response);
  };
}

// A session cannot be opened or closed within one.
Caller Plain(const Caller& caller) {
  Caller plain = caller;
  plain.origin.session = {};
  plain.origin.sequence = 0;
  plain.origin.lowest_unacknowledged = 0;
  return plain;
}

void Open(const CorePtr& core, const OpenRequest& /*message*/, const Caller& caller,
          const Reply& reply) {
  OpenResponse response;
  response.set_session(core->DrawId());
  const kv::SessionOpenOp open{kv::SessionId(response.session())};
  core->Propose(Plain(caller), {.operation = open}, Answering(core, reply, response));
}

void Close(const CorePtr& core, const CloseRequest& message, const Caller& caller,
           const Reply& reply) {
  const kv::SessionCloseOp close{kv::SessionId(message.session())};
  core->Propose(Plain(caller), {.operation = close, .essential = true},
                Answering(core, reply, CloseResponse()));
}

}  // namespace

void AddSession(const CorePtr& core, net::MethodTable* methods) {
  using Learners = Core::Learners;
  methods->AddUnary("/keel.api.Session/Open", Unary<OpenRequest>(core, Learners::kRefused, Open));
  methods->AddUnary("/keel.api.Session/Close",
                    Unary<CloseRequest>(core, Learners::kRefused, Close));
}

}  // namespace keel::api
