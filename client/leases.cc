// The operations on leases as the server has them.
#include "api/etcdserverpb/lease.pb.h"
#include "client/core/convert.h"
#include "client/core/view_call.h"
#include "client/lease.h"

namespace keel::client {

namespace {

constexpr Method kGrant{.path = "/etcdserverpb.Lease/LeaseGrant", .retry = Retry::kOnce};
constexpr Method kRevoke{.path = "/etcdserverpb.Lease/LeaseRevoke", .retry = Retry::kOnce};
constexpr Method kTimeToLive{.path = "/etcdserverpb.Lease/LeaseTimeToLive",
                             .retry = Retry::kIdempotent};
constexpr Method kLeases{.path = "/etcdserverpb.Lease/LeaseLeases", .retry = Retry::kIdempotent};
// A stream of requests and answers; with one of each it is like any other call.
constexpr Method kKeepAlive{.path = "/etcdserverpb.Lease/LeaseKeepAlive",
                            .retry = Retry::kIdempotent};

Route ForLeases() { return {.kind = Route::Kind::kPreferLeader}; }
int64_t Signed(LeaseId id) { return static_cast<int64_t>(id.value()); }
LeaseId ToId(int64_t id) { return LeaseId(static_cast<uint64_t>(id)); }

}  // namespace

Operation Leases::StartGrant(GrantRequest request, Done<Result<GrantResult>> done) const {
  etcdserverpb::LeaseGrantRequest to;
  to.set_ttl(request.ttl.count());
  to.set_id(Signed(request.id));
  return StartCall<etcdserverpb::LeaseGrantResponse>(
      view_, kGrant, ForLeases(), to, std::move(done),
      [](const etcdserverpb::LeaseGrantResponse* response) -> Result<GrantResult> {
        if (!response->error().empty()) return Unknown(response->error());
        return GrantResult{.header = ToHeader(response->header()),
                           .id = ToId(response->id()),
                           .ttl = Seconds(response->ttl())};
      });
}

Operation Leases::StartRevoke(RevokeRequest request, Done<Result<RevokeResult>> done) const {
  etcdserverpb::LeaseRevokeRequest to;
  to.set_id(Signed(request.id));
  return StartCall<etcdserverpb::LeaseRevokeResponse>(
      view_, kRevoke, ForLeases(), to, std::move(done),
      [](const etcdserverpb::LeaseRevokeResponse* response) {
        return Result<RevokeResult>(RevokeResult{.header = ToHeader(response->header())});
      });
}

Operation Leases::StartRenew(RenewRequest request, Done<Result<RenewResult>> done) const {
  etcdserverpb::LeaseKeepAliveRequest to;
  to.set_id(Signed(request.id));
  return StartCall<etcdserverpb::LeaseKeepAliveResponse>(
      view_, kKeepAlive, ForLeases(), to, std::move(done),
      [](const etcdserverpb::LeaseKeepAliveResponse* response) {
        return Result<RenewResult>(
            RenewResult{.header = ToHeader(response->header()), .ttl = Seconds(response->ttl())});
      });
}

Operation Leases::StartTimeToLive(TimeToLiveRequest request,
                                  Done<Result<TimeToLiveResult>> done) const {
  etcdserverpb::LeaseTimeToLiveRequest to;
  to.set_id(Signed(request.id));
  to.set_keys(request.keys);
  return StartCall<etcdserverpb::LeaseTimeToLiveResponse>(
      view_, kTimeToLive, ForLeases(), to, std::move(done),
      [prefix = view_.prefix](const etcdserverpb::LeaseTimeToLiveResponse* response) {
        TimeToLiveResult result{.header = ToHeader(response->header()),
                                .id = ToId(response->id()),
                                .left = Seconds(response->ttl()),
                                .granted = Seconds(response->grantedttl())};
        for (const std::string& key : response->keys()) {
          const bool ours = key.starts_with(prefix);
          result.keys.push_back(ours ? key.substr(prefix.size()) : key);
        }
        return Result<TimeToLiveResult>(std::move(result));
      });
}

Operation Leases::StartList(LeaseListRequest /*request*/,
                            Done<Result<LeaseListResult>> done) const {
  return StartCall<etcdserverpb::LeaseLeasesResponse>(
      view_, kLeases, ForLeases(), etcdserverpb::LeaseLeasesRequest(), std::move(done),
      [](const etcdserverpb::LeaseLeasesResponse* response) {
        LeaseListResult result{.header = ToHeader(response->header())};
        for (const auto& lease : response->leases()) result.leases.push_back(ToId(lease.id()));
        return Result<LeaseListResult>(std::move(result));
      });
}

}  // namespace keel::client
