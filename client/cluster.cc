#include "client/cluster.h"

#include "api/etcdserverpb/cluster.pb.h"
#include "client/core/convert.h"
#include "client/core/view_call.h"

namespace keel::client {

namespace {

// A change whose outcome is not known is not repeated: the list of members tells what came of it.
constexpr Method kList{.path = "/etcdserverpb.Cluster/MemberList", .retry = Retry::kIdempotent};
constexpr Method kAdd{
    .path = "/etcdserverpb.Cluster/MemberAdd", .retry = Retry::kSafe, .patient = true};
constexpr Method kRemove{
    .path = "/etcdserverpb.Cluster/MemberRemove", .retry = Retry::kSafe, .patient = true};
constexpr Method kUpdate{
    .path = "/etcdserverpb.Cluster/MemberUpdate", .retry = Retry::kSafe, .patient = true};
constexpr Method kPromote{
    .path = "/etcdserverpb.Cluster/MemberPromote", .retry = Retry::kSafe, .patient = true};

Route ForChanges() { return {.kind = Route::Kind::kPreferLeader}; }

Member ToMember(const etcdserverpb::Member& from) {
  return {.id = NodeId(from.id()),
          .name = from.name(),
          .peer_urls = {from.peerurls().begin(), from.peerurls().end()},
          .client_urls = {from.clienturls().begin(), from.clienturls().end()},
          .learner = from.islearner()};
}

template <class Response>
Result<MembersResult> Decode(const Response& response) {
  MembersResult result{.header = ToHeader(response.header())};
  for (const auto& member : response.members()) result.members.push_back(ToMember(member));
  return result;
}

}  // namespace

Operation Cluster::StartList(MemberListRequest request, Done<Result<MembersResult>> done) const {
  etcdserverpb::MemberListRequest to;
  to.set_linearizable(request.linearizable);
  const Route route{.kind =
                        request.linearizable ? Route::Kind::kPreferLeader : Route::Kind::kVoter};
  return StartCall<etcdserverpb::MemberListResponse>(
      view_, kList, route, to, std::move(done),
      [](const etcdserverpb::MemberListResponse* response) { return Decode(*response); });
}

Operation Cluster::StartAdd(MemberAddRequest request, Done<Result<MembersResult>> done) const {
  etcdserverpb::MemberAddRequest to;
  for (std::string& url : request.peer_urls) to.add_peerurls(std::move(url));
  to.set_islearner(request.learner);
  return StartCall<etcdserverpb::MemberAddResponse>(
      view_, kAdd, ForChanges(), to, std::move(done),
      [](const etcdserverpb::MemberAddResponse* response) {
        Result<MembersResult> result = Decode(*response);
        result->member = ToMember(response->member());
        return result;
      });
}

Operation Cluster::StartRemove(MemberRemoveRequest request,
                               Done<Result<MembersResult>> done) const {
  etcdserverpb::MemberRemoveRequest to;
  to.set_id(request.id.value());
  return StartCall<etcdserverpb::MemberRemoveResponse>(
      view_, kRemove, ForChanges(), to, std::move(done),
      [](const etcdserverpb::MemberRemoveResponse* response) { return Decode(*response); });
}

Operation Cluster::StartUpdate(MemberUpdateRequest request,
                               Done<Result<MembersResult>> done) const {
  etcdserverpb::MemberUpdateRequest to;
  to.set_id(request.id.value());
  for (std::string& url : request.peer_urls) to.add_peerurls(std::move(url));
  return StartCall<etcdserverpb::MemberUpdateResponse>(
      view_, kUpdate, ForChanges(), to, std::move(done),
      [](const etcdserverpb::MemberUpdateResponse* response) { return Decode(*response); });
}

Operation Cluster::StartPromote(MemberPromoteRequest request,
                                Done<Result<MembersResult>> done) const {
  etcdserverpb::MemberPromoteRequest to;
  to.set_id(request.id.value());
  return StartCall<etcdserverpb::MemberPromoteResponse>(
      view_, kPromote, ForChanges(), to, std::move(done),
      [](const etcdserverpb::MemberPromoteResponse* response) { return Decode(*response); });
}

}  // namespace keel::client
