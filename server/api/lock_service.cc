#include <utility>

#include "api/v3lockpb/v3lock.pb.h"
#include "server/api/contest_call.h"
#include "server/api/lock_service.h"
#include "server/api/unary.h"

namespace keel::api {

namespace pb = v3lockpb;

namespace {

void Unlock(const CorePtr& core, const pb::UnlockRequest& message, const Caller& caller,
            const Reply& reply) {
  kv::DeleteRangeOp remove;
  remove.keys.begin = message.key();
  core->Propose(caller, {.operation = std::move(remove), .essential = true},
                [core, reply](const Result<node::Applied>& applied) {
                  if (!applied.ok()) return reply.Fail(ThroughAClient(applied.status()));
                  pb::UnlockResponse response;
                  *response.mutable_header() = core->Header(applied->outcome.revision);
                  reply.Send(response);
                });
}

}  // namespace

void AddLock(const std::shared_ptr<WatchCenter>& center, net::MethodTable* methods) {
  using LockCall = ContestCall<pb::LockRequest>;
  const LockCall::Rules rules{
      .contest =
          [](const pb::LockRequest& request) {
            return Contest{.name = request.name(),
                           .lease = kv::LeaseId(static_cast<uint64_t>(request.lease())),
                           .value = {},
                           .expired = ApiError::kLockSessionExpired};
          },
      .answer =
          [](const Core& core, const Contest& /*contest*/, const Turn& turn) {
            pb::LockResponse response;
            *response.mutable_header() = core.Header(turn.now);
            response.set_key(turn.key);
            return net::SerializeMessage(response);
          }};
  methods->AddStreaming("/v3lockpb.Lock/Lock", LockCall::Method(center, rules));
  methods->AddUnary("/v3lockpb.Lock/Unlock",
                    Unary<pb::UnlockRequest>(center->core(), Core::Learners::kRefused, Unlock));
}

}  // namespace keel::api
