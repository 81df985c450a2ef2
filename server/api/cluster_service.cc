#include "server/api/cluster_service.h"

#include <algorithm>
#include <utility>

#include "server/api/members.h"
#include "server/api/unary.h"

namespace keel::api {

namespace pb = etcdserverpb;

namespace {

using node::MemberInfo;
using raft::ConfigOpKind;
using Change = node::Node::MemberChange;
using Urls = google::protobuf::RepeatedPtrField<std::string>;

constexpr uint64_t kPatienceMs = 5'000;
// A leader that has just been elected has yet to hear from everybody.
constexpr uint64_t kHealthPatienceMs = 500;
constexpr uint64_t kRetryUs = 50'000;

// Nothing has come of it, and it may do so later: for how long it is tried, from the first time on.
uint64_t PatienceMs(const node::Dropped& dropped) {
  if (dropped.reason != node::DropReason::kConfigRefused) return 0;
  switch (dropped.config) {
    case raft::ConfigRefusal::kNotLeader:
    case raft::ConfigRefusal::kNotReady:
    case raft::ConfigRefusal::kChangePending:
    case raft::ConfigRefusal::kTransferring:
      return kPatienceMs;
    case raft::ConfigRefusal::kUnhealthy:
      return kHealthPatienceMs;
    default:
      return 0;
  }
}

// Whether the members are as the change wants them: no id comes twice, so that tells what has
// become of it, even where the leader that was told of it cannot: it may have been the one to go.
bool IsDone(const Change& change, const Members& members) {
  return std::all_of(change.ops.begin(), change.ops.end(), [&](const raft::ConfigOp& op) {
    if (op.kind == ConfigOpKind::kRemove) return !members.Has(op.id);
    return members.Has(op.id) && (op.kind != ConfigOpKind::kPromote || !members.IsLearner(op.id));
  });
}

// Looks at the members until a change whose outcome is unknown shows in them, or `status` is the
// answer.
void AwaitChange(const CorePtr& core, const Change& change, uint64_t until_ms, const Status& status,
                 node::Once<Status> done) {
  core->Read(Core::Where::kTransport, [core, change, until_ms, status, done = std::move(done)](
                                          const Result<ViewPtr>& view) mutable {
    if (!view.ok()) return std::move(done)(status);
    FindMembers(core, [core, change, until_ms, status,
                       done = std::move(done)](const Members& members) mutable {
      if (IsDone(change, members)) return std::move(done)(Status());
      if (core->clock().MonotonicMs() >= until_ms) return std::move(done)(status);
      core->transport().PostAfter(
          kRetryUs, [core, change, until_ms, status, done = std::move(done)]() mutable {
            AwaitChange(core, change, until_ms, status, std::move(done));
          });
    });
  });
}

// `done` comes on the transport with OK once it has been applied by the leader.
void TryChange(const CorePtr& core, const Change& change, uint64_t began_ms,
               node::Once<Status> done) {
  core->node().ChangeMembers(change, [core, change, began_ms, done = std::move(done)](
                                         node::ProposalOutcome outcome) mutable {
    // In a box: g++ 12 takes a variant that moves within a lambda for uninitialised.
    auto boxed = std::make_unique<node::ProposalOutcome>(std::move(outcome));
    core->ToTransport(
        [core, change, began_ms, done = std::move(done), boxed = std::move(boxed)]() mutable {
          if (const auto* unknown = std::get_if<node::Unknown>(boxed.get())) {
            // New names and addresses alone leave no trace that would tell them from another's.
            if (change.ops.empty()) return std::move(done)(StatusOf(*unknown));
            return AwaitChange(core, change, began_ms + kPatienceMs, StatusOf(*unknown),
                               std::move(done));
          }
          const auto* dropped = std::get_if<node::Dropped>(boxed.get());
          if (dropped == nullptr) return std::move(done)(Status());
          if (core->clock().MonotonicMs() >= began_ms + PatienceMs(*dropped)) {
            return std::move(done)(StatusOf(*dropped));
          }
          core->transport().PostAfter(kRetryUs,
                                      [core, change, began_ms, done = std::move(done)]() mutable {
                                        TryChange(core, change, began_ms, std::move(done));
                                      });
        });
  });
}

// The members as of now, by whichever member they were changed.
void ReadMembers(const CorePtr& core, const Reply& reply, node::Once<Members> done) {
  core->Read(Core::Where::kTransport,
             [core, reply, done = std::move(done)](const Result<ViewPtr>& view) mutable {
               if (!view.ok()) return reply.Fail(view.status());
               FindMembers(core, std::move(done));
             });
}

// Changes the members, and answers with those that there are then.
template <class Response>
void ChangeAndAnswer(const CorePtr& core, const Change& change, const Reply& reply,
                     Response response) {
  const uint64_t began_ms = core->clock().MonotonicMs();
  TryChange(core, change, began_ms, [core, reply, response](const Status& status) {
    if (!status.ok()) return reply.Fail(status);
    ReadMembers(core, reply, [core, reply, response](const Members& members) mutable {
      *response.mutable_header() = core->Header(Revision());
      members.Write(response.mutable_members());
      reply.Send(response);
    });
  });
}

bool IsUsed(const Urls& urls, const Members& members, NodeId but_for) {
  return std::any_of(
      members.infos.members().begin(), members.infos.members().end(), [&](const MemberInfo& info) {
        if (info.id == but_for || !members.Has(info.id)) return false;
        return std::any_of(urls.begin(), urls.end(), [&info](const std::string& url) {
          return std::find(info.peer_urls.begin(), info.peer_urls.end(), url) !=
                 info.peer_urls.end();
        });
      });
}

void List(const CorePtr& core, const pb::MemberListRequest& message, const Caller& /*caller*/,
          const Reply& reply) {
  auto answer = [core, reply](const Members& members) {
    pb::MemberListResponse response;
    *response.mutable_header() = core->Header(Revision());
    members.Write(response.mutable_members());
    reply.Send(response);
  };
  if (message.linearizable()) return ReadMembers(core, reply, std::move(answer));
  FindMembers(core, std::move(answer));
}

// The id is drawn here, and the member that starts at one of the addresses takes it
// (docs/membership.md). Until then it learns, so that nothing waits for it.
void Add(const CorePtr& core, const pb::MemberAddRequest& message, const Caller& /*caller*/,
         const Reply& reply) {
  if (!ArePeerUrls(message.peerurls())) return reply.Fail(StatusOf(ApiError::kMemberBadUrls));
  ReadMembers(core, reply, [core, message, reply](const Members& members) {
    if (IsUsed(message.peerurls(), members, NodeId())) {
      return reply.Fail(StatusOf(ApiError::kPeerUrlExists));
    }
    const NodeId id(core->DrawId());
    Change change;
    change.ops.push_back({.kind = ConfigOpKind::kAddLearner, .id = id});
    change.members.push_back({.id = id,
                              .peer_urls = {message.peerurls().begin(), message.peerurls().end()},
                              .votes_once_started = !message.islearner()});
    pb::MemberAddResponse response;
    response.mutable_member()->set_id(id.value());
    *response.mutable_member()->mutable_peerurls() = message.peerurls();
    response.mutable_member()->set_islearner(message.islearner());
    ChangeAndAnswer(core, change, reply, std::move(response));
  });
}

void Remove(const CorePtr& core, const pb::MemberRemoveRequest& message, const Caller& /*caller*/,
            const Reply& reply) {
  Change change;
  change.ops.push_back({.kind = ConfigOpKind::kRemove, .id = NodeId(message.id())});
  ChangeAndAnswer(core, change, reply, pb::MemberRemoveResponse());
}

void Update(const CorePtr& core, const pb::MemberUpdateRequest& message, const Caller& /*caller*/,
            const Reply& reply) {
  ReadMembers(core, reply, [core, message, reply](const Members& members) {
    const NodeId id(message.id());
    if (!members.Has(id)) return reply.Fail(StatusOf(ApiError::kMemberNotFound));
    if (!ArePeerUrls(message.peerurls())) return reply.Fail(StatusOf(ApiError::kMemberBadUrls));
    if (IsUsed(message.peerurls(), members, id)) {
      return reply.Fail(StatusOf(ApiError::kPeerUrlExists));
    }
    MemberInfo info = members.InfoOf(id);
    info.peer_urls = {message.peerurls().begin(), message.peerurls().end()};
    Change change;
    change.members.push_back(std::move(info));
    ChangeAndAnswer(core, change, reply, pb::MemberUpdateResponse());
  });
}

void Promote(const CorePtr& core, const pb::MemberPromoteRequest& message, const Caller& /*caller*/,
             const Reply& reply) {
  ReadMembers(core, reply, [core, message, reply](const Members& members) {
    const NodeId id(message.id());
    if (!members.Has(id)) return reply.Fail(StatusOf(ApiError::kMemberNotFound));
    if (!members.IsLearner(id)) return reply.Fail(StatusOf(ApiError::kMemberNotLearner));
    // Its id is not taken yet: whoever takes it must not find that it has votes.
    if (members.InfoOf(id).name.empty()) return reply.Fail(StatusOf(ApiError::kLearnerNotReady));
    Change change;
    change.ops.push_back({.kind = ConfigOpKind::kPromote, .id = id});
    ChangeAndAnswer(core, change, reply, pb::MemberPromoteResponse());
  });
}

}  // namespace

void AddCluster(const CorePtr& core, net::MethodTable* methods) {
  using Learners = Core::Learners;
  methods->AddUnary("/etcdserverpb.Cluster/MemberList",
                    Unary<pb::MemberListRequest>(core, Learners::kRefused, List));
  methods->AddUnary("/etcdserverpb.Cluster/MemberAdd",
                    Unary<pb::MemberAddRequest>(core, Learners::kRefused, Add));
  methods->AddUnary("/etcdserverpb.Cluster/MemberRemove",
                    Unary<pb::MemberRemoveRequest>(core, Learners::kRefused, Remove));
  methods->AddUnary("/etcdserverpb.Cluster/MemberUpdate",
                    Unary<pb::MemberUpdateRequest>(core, Learners::kRefused, Update));
  methods->AddUnary("/etcdserverpb.Cluster/MemberPromote",
                    Unary<pb::MemberPromoteRequest>(core, Learners::kRefused, Promote));
}

}  // namespace keel::api
