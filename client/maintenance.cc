#include "client/maintenance.h"

#include "api/etcdserverpb/maintenance.pb.h"
#include "client/core/convert.h"
#include "client/core/view_call.h"
#include "client/raw.h"

namespace keel::client {

namespace {

constexpr Method kStatus{.path = "/etcdserverpb.Maintenance/Status", .retry = Retry::kIdempotent};
constexpr Method kAlarm{.path = "/etcdserverpb.Maintenance/Alarm", .retry = Retry::kIdempotent};
constexpr Method kDefragment{
    .path = "/etcdserverpb.Maintenance/Defragment", .retry = Retry::kIdempotent, .patient = true};
constexpr Method kHash{
    .path = "/etcdserverpb.Maintenance/Hash", .retry = Retry::kIdempotent, .patient = true};
constexpr Method kHashKv{
    .path = "/etcdserverpb.Maintenance/HashKV", .retry = Retry::kIdempotent, .patient = true};
constexpr Method kMoveLeader{
    .path = "/etcdserverpb.Maintenance/MoveLeader", .retry = Retry::kSafe, .patient = true};
constexpr const char* kSnapshot = "/etcdserverpb.Maintenance/Snapshot";

// Learners leave most of this to others.
Route ForAny() { return {.kind = Route::Kind::kVoter}; }

uint64_t Size(int64_t number) { return number > 0 ? static_cast<uint64_t>(number) : 0; }

Result<MemberStatus> ToStatus(const etcdserverpb::StatusResponse& from) {
  return MemberStatus{.header = ToHeader(from.header()),
                      .version = from.version(),
                      .storage_version = from.storageversion(),
                      .db_size_bytes = Size(from.dbsize()),
                      .db_size_in_use_bytes = Size(from.dbsizeinuse()),
                      .db_quota_bytes = Size(from.dbsizequota()),
                      .leader = NodeId(from.leader()),
                      .raft_index = Index(from.raftindex()),
                      .raft_applied_index = Index(from.raftappliedindex()),
                      .raft_term = Term(from.raftterm()),
                      .errors = {from.errors().begin(), from.errors().end()},
                      .learner = from.islearner()};
}

}  // namespace

Operation Maintenance::StartStatus(StatusRequest /*request*/,
                                   Done<Result<MemberStatus>> done) const {
  return StartCall<etcdserverpb::StatusResponse>(
      view_, kStatus, ForAny(), etcdserverpb::StatusRequest(), std::move(done),
      [](const etcdserverpb::StatusResponse* response) { return ToStatus(*response); });
}

Operation Maintenance::StartAlarms(AlarmRequest request, Done<Result<AlarmResult>> done) const {
  etcdserverpb::AlarmRequest to;
  to.set_action(static_cast<etcdserverpb::AlarmRequest::AlarmAction>(request.action));
  to.set_memberid(request.alarm.member.value());
  to.set_alarm(static_cast<etcdserverpb::AlarmType>(request.alarm.kind));
  return StartCall<etcdserverpb::AlarmResponse>(
      view_, kAlarm, {.kind = Route::Kind::kPreferLeader}, to, std::move(done),
      [](const etcdserverpb::AlarmResponse* response) -> Result<AlarmResult> {
        AlarmResult result{.header = ToHeader(response->header())};
        for (const auto& alarm : response->alarms()) {
          result.alarms.push_back({.member = NodeId(alarm.memberid()),
                                   .kind = static_cast<Alarm::Kind>(alarm.alarm())});
        }
        return result;
      });
}

Operation Maintenance::StartDefragment(DefragmentRequest /*request*/,
                                       Done<Result<DefragmentResult>> done) const {
  return StartCall<etcdserverpb::DefragmentResponse>(
      view_, kDefragment, ForAny(), etcdserverpb::DefragmentRequest(), std::move(done),
      [](const etcdserverpb::DefragmentResponse* /*response*/) {
        return Result<DefragmentResult>(DefragmentResult{});
      });
}

Operation Maintenance::StartHash(HashRequest /*request*/, Done<Result<HashResult>> done) const {
  return StartCall<etcdserverpb::HashResponse>(
      view_, kHash, ForAny(), etcdserverpb::HashRequest(), std::move(done),
      [](const etcdserverpb::HashResponse* response) {
        return Result<HashResult>(
            HashResult{.header = ToHeader(response->header()), .hash = response->hash()});
      });
}

Operation Maintenance::StartHashKv(HashKvRequest request, Done<Result<HashResult>> done) const {
  etcdserverpb::HashKVRequest to;
  to.set_revision(static_cast<int64_t>(request.revision.value()));
  return StartCall<etcdserverpb::HashKVResponse>(
      view_, kHashKv, ForAny(), to, std::move(done),
      [](const etcdserverpb::HashKVResponse* response) {
        return Result<HashResult>(
            HashResult{.header = ToHeader(response->header()),
                       .hash = response->hash(),
                       .compact_revision = Revision(Size(response->compact_revision())),
                       .hash_revision = Revision(Size(response->hash_revision()))});
      });
}

Operation Maintenance::StartMoveLeader(MoveLeaderRequest request,
                                       Done<Result<MoveLeaderResult>> done) const {
  etcdserverpb::MoveLeaderRequest to;
  to.set_targetid(request.to.value());
  return StartCall<etcdserverpb::MoveLeaderResponse>(
      view_, kMoveLeader, {.kind = Route::Kind::kLeader}, to, std::move(done),
      [](const etcdserverpb::MoveLeaderResponse* /*response*/) {
        return Result<MoveLeaderResult>(MoveLeaderResult{});
      });
}

keel::Status Maintenance::Snapshot(
    const std::function<keel::Status(const SnapshotPiece&)>& on_piece) const {
  RawStream stream(*client_, kSnapshot,
                   {.target = view_.target.value_or(Target::Any()), .timeout = view_.timeout});
  if (!stream.Write(etcdserverpb::SnapshotRequest())) return stream.status();
  stream.CloseWrites();
  etcdserverpb::SnapshotResponse response;
  while (stream.Read(&response)) {
    KEEL_RETURN_IF_ERROR(on_piece({.header = ToHeader(response.header()),
                                   .remaining_bytes = response.remaining_bytes(),
                                   .blob = response.blob(),
                                   .version = response.version()}));
  }
  return stream.status();
}

}  // namespace keel::client
