#include <optional>
#include <utility>

#include "api/v3electionpb/v3election.pb.h"
#include "server/api/contest_call.h"
#include "server/api/lock_service.h"
#include "server/api/streaming.h"
#include "server/api/translate.h"
#include "server/api/unary.h"

namespace keel::api {

namespace pb = v3electionpb;

namespace {

// The elected one, if there is one: of all that contend, whose key is the oldest.
Result<std::optional<kv::KeyValue>> FindElected(const kv::ReadView& view, const std::string& name) {
  kv::RangeRequest request{.keys = kv::PrefixRange(Contender::PrefixOf(name)), .limit = 1};
  request.sort_order = kv::SortOrder::kAscend;
  request.sort_target = kv::SortTarget::kCreate;
  KEEL_ASSIGN_OR_RETURN(kv::RangeResult found, view.Range(request));
  if (found.kvs.empty()) return std::optional<kv::KeyValue>();
  return std::optional<kv::KeyValue>(std::move(found.kvs.front()));
}

// Does `op` if the key is still that of the one who was elected.
void IfElected(const CorePtr& core, const pb::LeaderKey& leader, kv::RequestOp op,
               const Caller& caller, ProposeDone done) {
  kv::TxnOp txn;
  kv::Compare compare;
  compare.keys.begin = leader.key();
  compare.target = kv::CompareTarget::kCreate;
  compare.number = static_cast<uint64_t>(leader.rev());
  txn.compares.push_back(std::move(compare));
  txn.success.push_back(std::move(op));
  core->Propose(caller, {.operation = std::move(txn), .essential = true}, std::move(done));
}

void Proclaim(const CorePtr& core, const pb::ProclaimRequest& message, const Caller& caller,
              const Reply& reply) {
  if (!message.has_leader()) return reply.Fail(StatusOf(ApiError::kLeaderKeyMissing));
  kv::PutOp put;
  put.key = message.leader().key();
  put.value = message.value();
  put.lease = kv::LeaseId(static_cast<uint64_t>(message.leader().lease()));
  IfElected(core, message.leader(), std::move(put), caller,
            [core, reply](const Result<node::Applied>& applied) {
              if (!applied.ok()) return reply.Fail(ThroughAClient(applied.status()));
              if (!std::get<kv::TxnResult>(applied->outcome.answer).succeeded) {
                return reply.Fail(StatusOf(ApiError::kElectionNotLeader));
              }
              pb::ProclaimResponse response;
              *response.mutable_header() = core->Header(applied->outcome.revision);
              reply.Send(response);
            });
}

void Resign(const CorePtr& core, const pb::ResignRequest& message, const Caller& caller,
            const Reply& reply) {
  if (!message.has_leader()) return reply.Fail(StatusOf(ApiError::kLeaderKeyMissing));
  kv::DeleteRangeOp remove;
  remove.keys.begin = message.leader().key();
  IfElected(core, message.leader(), std::move(remove), caller,
            [core, reply](const Result<node::Applied>& applied) {
              if (!applied.ok()) return reply.Fail(ThroughAClient(applied.status()));
              pb::ResignResponse response;
              *response.mutable_header() = core->Header(applied->outcome.revision);
              reply.Send(response);
            });
}

void Leader(const CorePtr& core, const pb::LeaderRequest& message, const Caller& /*caller*/,
            const Reply& reply) {
  core->Read(Core::Where::kPool, [core, reply, name = message.name()](const Result<ViewPtr>& view) {
    if (!view.ok()) return reply.Fail(view.status());
    auto elected = FindElected(**view, name);
    if (!elected.ok()) return reply.Fail(Unmapped(elected.status()));
    if (!elected->has_value()) return reply.Fail(StatusOf(ApiError::kElectionNoLeader));
    pb::LeaderResponse response;
    *response.mutable_header() = core->Header((*view)->revision());
    Write(std::move(**elected), response.mutable_kv());
    reply.Send(response);
  });
}

// Tells who is elected, and again whenever that or what it proclaims has changed. A reader that is
// slow misses what lay between, never the last.
class ObserveStream final : public net::CallHandler, public OpenStream {
 public:
  ObserveStream(std::shared_ptr<WatchCenter> center, net::ServerCall call, bool requires_leader)
      : core_(center->core()),
        call_(call),
        requires_leader_(requires_leader),
        follower_(std::move(center), [this] { Look(); }) {
    core_->Add(this);
  }
  ~ObserveStream() override {
    core_->Remove(this);
    *alive_ = false;
  }

  net::Flow OnMessage(std::string_view bytes) override {
    const auto request = net::ParseMessage<pb::LeaderRequest>(bytes);
    if (!request.ok()) {
      End(request.status());
    } else if (!name_.has_value()) {
      name_ = request->name();
      Look();
    }
    return net::Flow::kMore;
  }
  void OnHalfClose() override {
    if (!name_.has_value()) End(Internal("the request ended before its message"));
  }
  void OnWritable() override {
    writable_ = true;
    if (std::exchange(behind_, false)) Look();
  }
  void End(const Status& why) override {
    follower_.Stop();
    call_.Finish(why);
  }
  [[nodiscard]] bool requires_leader() const override { return requires_leader_; }

 private:
  void Look() {
    if (!writable_) {
      behind_ = true;
      return;
    }
    core_->pool().Post([core = core_, view = core_->view(), alive = alive_, name = *name_, this] {
      auto found = std::make_shared<Result<std::optional<kv::KeyValue>>>(FindElected(*view, name));
      core->ToTransport([alive, this, found, at = view->revision()] {
        if (*alive) OnFound(*found, at);
      });
    });
  }

  void OnFound(const Result<std::optional<kv::KeyValue>>& found, Revision at) {
    if (!found.ok()) return End(Unmapped(found.status()));
    const std::optional<kv::KeyValue>& elected = *found;
    if (elected.has_value() && elected->mod != told_) {
      told_ = elected->mod;
      pb::LeaderResponse response;
      *response.mutable_header() = core_->Header(at);
      Write(*elected, response.mutable_kv());
      const net::WriteResult result = call_.Write(net::SerializeMessage(response));
      if (result == net::WriteResult::kGone) return;
      writable_ = result == net::WriteResult::kMore;
    }
    follower_.Await({.keys = kv::PrefixRange(Contender::PrefixOf(*name_)), .start = at.Next()});
  }

  const CorePtr core_;
  const net::ServerCall call_;
  const bool requires_leader_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  KeyFollower follower_;
  std::optional<std::string> name_;
  Revision told_;
  bool writable_ = true;
  bool behind_ = false;
};

}  // namespace

void AddElection(const std::shared_ptr<WatchCenter>& center, net::MethodTable* methods) {
  using CampaignCall = ContestCall<pb::CampaignRequest>;
  const CampaignCall::Rules rules{
      .contest =
          [](const pb::CampaignRequest& request) {
            return Contest{.name = request.name(),
                           .lease = kv::LeaseId(static_cast<uint64_t>(request.lease())),
                           .value = request.value(),
                           .expired = ApiError::kElectionSessionExpired};
          },
      .answer =
          [](const Core& core, const Contest& contest, const Turn& turn) {
            pb::CampaignResponse response;
            *response.mutable_header() = core.Header(turn.now);
            response.mutable_leader()->set_name(contest.name);
            response.mutable_leader()->set_key(turn.key);
            response.mutable_leader()->set_rev(static_cast<int64_t>(turn.revision.value()));
            response.mutable_leader()->set_lease(static_cast<int64_t>(turn.lease.value()));
            return net::SerializeMessage(response);
          }};
  const std::string service = "/v3electionpb.Election/";
  methods->AddStreaming(service + "Campaign", CampaignCall::Method(center, rules));
  const CorePtr core = center->core();
  using Learners = Core::Learners;
  methods->AddUnary(service + "Proclaim",
                    Unary<pb::ProclaimRequest>(core, Learners::kRefused, Proclaim));
  methods->AddUnary(service + "Leader", Unary<pb::LeaderRequest>(core, Learners::kRefused, Leader));
  methods->AddUnary(service + "Resign", Unary<pb::ResignRequest>(core, Learners::kRefused, Resign));
  methods->AddStreaming(
      service + "Observe",
      Streaming(core, Learners::kRefused,
                [center](const CorePtr&, net::ServerCall call, const Caller& caller) {
                  return std::make_unique<ObserveStream>(center, call, caller.requires_leader);
                }));
}

}  // namespace keel::api
