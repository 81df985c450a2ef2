#include "server/api/maintenance_service.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "api/etcdserverpb/maintenance.pb.h"
#include "api/version.h"
#include "kv/mvcc/hash_keys.h"
#include "server/api/members.h"
#include "server/api/snapshot_stream.h"
#include "server/api/streaming.h"
#include "server/api/unary.h"

namespace keel::api {

namespace pb = etcdserverpb;

namespace {

// ---- alarms ----

using Raised = kv::Alarms::Raised;

// Those that were raised, and the one that the quota of the whole raises and lowers by itself.
Raised Standing(const kv::Store& store, NodeId self) {
  Raised standing = store.alarms().raised();
  if (store.IsFull() && !store.alarms().IsRaised(kv::AlarmKind::kNoSpace)) {
    standing.insert({kv::AlarmKind::kNoSpace, self});
  }
  return standing;
}

// `done` comes on the transport.
void FindAlarms(const CorePtr& core, node::Once<Raised> done) {
  core->node().RunOnApply(
      [core, done = std::move(done)](const node::StateMachine& machine) mutable {
        core->ToTransport([done = std::move(done),
                           raised = Standing(machine.store(), core->node().status().id)]() mutable {
          std::move(done)(std::move(raised));
        });
      });
}

void WriteAlarm(const Raised::value_type& alarm, pb::AlarmMember* to) {
  to->set_alarm(alarm.first == kv::AlarmKind::kNoSpace ? pb::NOSPACE : pb::CORRUPT);
  to->set_memberid(alarm.second.value());
}

kv::AlarmKind KindOf(pb::AlarmType type) {
  return type == pb::NOSPACE ? kv::AlarmKind::kNoSpace : kv::AlarmKind::kCorrupt;
}

void AnswerAlarms(const CorePtr& core, const std::vector<Raised::value_type>& alarms,
                  const Reply& reply) {
  pb::AlarmResponse response;
  *response.mutable_header() = core->Header(core->view()->revision());
  for (const auto& alarm : alarms) WriteAlarm(alarm, response.add_alarms());
  reply.Send(response);
}

void SetAlarm(const CorePtr& core, const kv::AlarmOp& op, const Caller& caller,
              const std::vector<Raised::value_type>& told, const Reply& reply) {
  core->Propose(caller, {.operation = op, .essential = true},
                [core, told, reply](const Result<node::Applied>& applied) {
                  if (!applied.ok()) return reply.Fail(applied.status());
                  AnswerAlarms(core, told, reply);
                });
}

void Alarm(const CorePtr& core, const pb::AlarmRequest& message, const Caller& caller,
           const Reply& reply) {
  if (!pb::AlarmRequest::AlarmAction_IsValid(message.action()) ||
      !pb::AlarmType_IsValid(message.alarm())) {
    return reply.Fail(StatusOf(ApiError::kBadRequest));
  }
  const NodeId asked(message.memberid());
  if (message.action() == pb::AlarmRequest::ACTIVATE) {
    if (message.alarm() == pb::NONE) return AnswerAlarms(core, {}, reply);
    const NodeId member = asked.IsNone() ? core->node().status().id : asked;
    const kv::AlarmOp raise{.raise = true, .kind = KindOf(message.alarm()), .member = member};
    return SetAlarm(core, raise, caller, {{raise.kind, member}}, reply);
  }
  FindAlarms(core, [core, message, caller, reply, asked](const Raised& raised) {
    std::vector<Raised::value_type> meant;
    for (const auto& alarm : raised) {
      const bool kind = message.alarm() == pb::NONE || alarm.first == KindOf(message.alarm());
      if (kind && (asked.IsNone() || alarm.second == asked)) meant.push_back(alarm);
    }
    const bool lowers = message.action() == pb::AlarmRequest::DEACTIVATE;
    if (!lowers || message.alarm() == pb::NONE || meant.empty()) {
      return AnswerAlarms(core, lowers ? std::vector<Raised::value_type>() : meant, reply);
    }
    SetAlarm(core, {.kind = KindOf(message.alarm()), .member = asked}, caller, meant, reply);
  });
}

// ---- status ----

void AddErrors(const node::NodeStatus& status, const Raised& raised, pb::StatusResponse* response) {
  if (status.leader.IsNone()) {
    response->add_errors(std::string(StatusOf(ApiError::kNoLeader).message()));
  }
  for (const auto& alarm : raised) {
    pb::AlarmMember named;
    WriteAlarm(alarm, &named);
    response->add_errors("memberID:" + std::to_string(named.memberid()) +
                         " alarm:" + pb::AlarmType_Name(named.alarm()) + " ");
  }
}

void GetStatus(const CorePtr& core, const pb::StatusRequest& /*message*/, const Caller& /*caller*/,
               const Reply& reply) {
  FindAlarms(core, [core, reply](const Raised& raised) {
    core->pool().Post([core, reply, raised] {
      const node::NodeStatus status = core->node().status();
      pb::StatusResponse response;
      *response.mutable_header() = core->Header(core->view()->revision());
      response.set_version(std::string(kEtcdVersion));
      response.set_storageversion(std::string(kEtcdVersion));
      // What is no longer in use is given back by itself: there is nothing to gain by hand.
      const auto bytes = static_cast<int64_t>(core->node().StateBytes());
      response.set_dbsize(bytes);
      response.set_dbsizeinuse(bytes);
      response.set_leader(status.leader.value());
      response.set_raftindex(status.commit.value());
      response.set_raftterm(status.term.value());
      response.set_raftappliedindex(status.applied.value());
      const raft::Member* self =
          status.config == nullptr ? nullptr : status.config->Find(status.id);
      response.set_islearner(self != nullptr && self->learns && !self->votes);
      AddErrors(status, raised, &response);
      reply.Send(response);
    });
  });
}

// LevelDB compacts by itself, and gives its files back.
void Defragment(const CorePtr& /*core*/, const pb::DefragmentRequest& /*message*/,
                const Caller& /*caller*/, const Reply& reply) {
  reply.Send(pb::DefragmentResponse());
}

// ---- hashes ----

uint32_t Fold(uint64_t hash) { return static_cast<uint32_t>(hash ^ (hash >> 32)); }

void Hash(const CorePtr& core, const pb::HashRequest& /*message*/, const Caller& /*caller*/,
          const Reply& reply) {
  core->pool().Post([core, reply, view = core->view()] {
    const uint64_t began_us = core->clock().MonotonicUs();
    const Result<kv::KeysHash> hash = kv::HashKeys(*view, Revision());
    core->counts().hashes.Add(core->clock().MonotonicUs() - began_us);
    if (!hash.ok()) return reply.Fail(Unmapped(hash.status()));
    pb::HashResponse response;
    *response.mutable_header() = core->Header(view->revision());
    response.set_hash(Fold(hash->hash));
    reply.Send(response);
  });
}

void HashKv(const CorePtr& core, const pb::HashKVRequest& message, const Caller& /*caller*/,
            const Reply& reply) {
  const Revision at(static_cast<uint64_t>(std::max<int64_t>(message.revision(), 0)));
  core->pool().Post([core, reply, at, view = core->view()] {
    const uint64_t began_us = core->clock().MonotonicUs();
    const Result<kv::KeysHash> hash = kv::HashKeys(*view, at);
    core->counts().revision_hashes.Add(core->clock().MonotonicUs() - began_us);
    if (!hash.ok()) return reply.Fail(Unmapped(hash.status()));
    if (hash->error != kv::KvError::kNone) return reply.Fail(StatusOf(hash->error));
    pb::HashKVResponse response;
    *response.mutable_header() = core->Header(view->revision());
    response.set_hash(Fold(hash->hash));
    response.set_hash_revision(static_cast<int64_t>(hash->at.value()));
    // -1: nothing was ever compacted.
    const Revision compacted = hash->compacted;
    response.set_compact_revision(compacted.IsNone() ? -1
                                                     : static_cast<int64_t>(compacted.value()));
    reply.Send(response);
  });
}

// ---- leadership ----

constexpr uint64_t kLookUs = 10'000;

void AwaitLeader(const CorePtr& core, NodeId target, uint64_t until_ms, const Reply& reply) {
  if (core->node().status().leader == target) return reply.Send(pb::MoveLeaderResponse());
  if (core->clock().MonotonicMs() >= until_ms) {
    return reply.Fail(StatusOf(ApiError::kTimeoutTransfer));
  }
  core->transport().PostAfter(
      kLookUs, [core, target, until_ms, reply] { AwaitLeader(core, target, until_ms, reply); });
}

void MoveLeader(const CorePtr& core, const pb::MoveLeaderRequest& message, const Caller& /*caller*/,
                const Reply& reply) {
  const NodeId target(message.targetid());
  const node::NodeStatus status = core->node().status();
  if (status.leader != status.id) return reply.Fail(StatusOf(ApiError::kNotLeader));
  if (target.IsNone() || status.config == nullptr || !status.config->IsVoter(target)) {
    return reply.Fail(StatusOf(ApiError::kBadLeaderTransferee));
  }
  core->node().TransferLeadership(target, [core, target, reply](raft::TransferOutcome outcome) {
    core->ToTransport([core, target, reply, outcome] {
      switch (outcome) {
        case raft::TransferOutcome::kStarted:
        case raft::TransferOutcome::kAlreadyThere:
          return AwaitLeader(core, target,
                             core->clock().MonotonicMs() + 2 * core->options().election_timeout_ms,
                             reply);
        case raft::TransferOutcome::kNotLeader:
          return reply.Fail(StatusOf(ApiError::kNotLeader));
        case raft::TransferOutcome::kUnknownTarget:
          return reply.Fail(StatusOf(ApiError::kBadLeaderTransferee));
        case raft::TransferOutcome::kBusy:
        case raft::TransferOutcome::kTimedOut:
          return reply.Fail(StatusOf(ApiError::kUnhealthy));
      }
    });
  });
}

// ---- downgrades: to another program's formats, which there are not ----

bool IsVersion(std::string_view text) {
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos) return false;
  int major = 0;
  int minor = 0;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), text.data() + dot, major);
  const auto second = std::from_chars(text.data() + dot + 1, end, minor);
  return first.ec == std::errc() && first.ptr == text.data() + dot && second.ec == std::errc() &&
         (second.ptr == end || *second.ptr == '.');
}

void Downgrade(const CorePtr& /*core*/, const pb::DowngradeRequest& message,
               const Caller& /*caller*/, const Reply& reply) {
  if (message.action() == pb::DowngradeRequest::CANCEL) {
    return reply.Fail(StatusOf(ApiError::kNoInflightDowngrade));
  }
  reply.Fail(StatusOf(IsVersion(message.version()) ? ApiError::kInvalidDowngradeTarget
                                                   : ApiError::kWrongDowngradeVersion));
}

}  // namespace

void AddMaintenance(const CorePtr& core, net::MethodTable* methods) {
  using Learners = Core::Learners;
  const std::string service = "/etcdserverpb.Maintenance/";
  methods->AddUnary(service + "Alarm", Unary<pb::AlarmRequest>(core, Learners::kRefused, Alarm));
  methods->AddUnary(service + "Status",
                    Unary<pb::StatusRequest>(core, Learners::kServed, GetStatus));
  methods->AddUnary(service + "Defragment",
                    Unary<pb::DefragmentRequest>(core, Learners::kRefused, Defragment));
  methods->AddUnary(service + "Hash", Unary<pb::HashRequest>(core, Learners::kServed, Hash));
  methods->AddUnary(service + "HashKV", Unary<pb::HashKVRequest>(core, Learners::kServed, HashKv));
  methods->AddUnary(service + "MoveLeader",
                    Unary<pb::MoveLeaderRequest>(core, Learners::kRefused, MoveLeader));
  methods->AddUnary(service + "Downgrade",
                    Unary<pb::DowngradeRequest>(core, Learners::kRefused, Downgrade));
  methods->AddStreaming(service + "Snapshot",
                        Streaming(core, Learners::kServed, MakeSnapshotStream));
}

}  // namespace keel::api
