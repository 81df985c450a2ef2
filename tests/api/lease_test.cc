// etcdserverpb.Lease as its clients see it; the numbers are those of the list of semantics.
#include <gtest/gtest.h>

#include "api/etcdserverpb/kv.pb.h"
#include "api/etcdserverpb/lease.pb.h"
#include "api/etcdserverpb/watch.pb.h"
#include "tests/api/support/api_cluster.h"

namespace keel::api_test {
namespace {

namespace pb = etcdserverpb;

Answered<pb::LeaseGrantResponse> Grant(ApiCluster* cluster, int64_t ttl, int64_t id = 0,
                                       size_t at = 0) {
  pb::LeaseGrantRequest request;
  request.set_ttl(ttl);
  request.set_id(id);
  return cluster->Call<pb::LeaseGrantResponse>("/etcdserverpb.Lease/LeaseGrant", request, at);
}

Answered<pb::LeaseRevokeResponse> Revoke(ApiCluster* cluster, int64_t id) {
  pb::LeaseRevokeRequest request;
  request.set_id(id);
  return cluster->Call<pb::LeaseRevokeResponse>("/etcdserverpb.Lease/LeaseRevoke", request);
}

Answered<pb::LeaseTimeToLiveResponse> TimeToLive(ApiCluster* cluster, int64_t id, size_t at = 0) {
  pb::LeaseTimeToLiveRequest request;
  request.set_id(id);
  request.set_keys(true);
  return cluster->Call<pb::LeaseTimeToLiveResponse>("/etcdserverpb.Lease/LeaseTimeToLive", request,
                                                    at);
}

Status PutUnder(ApiCluster* cluster, const std::string& key, int64_t lease) {
  pb::PutRequest put;
  put.set_key(key);
  put.set_lease(lease);
  return cluster->Call<pb::PutResponse>("/etcdserverpb.KV/Put", put).status;
}

int64_t CountOf(ApiCluster* cluster, const std::string& key) {
  pb::RangeRequest get;
  get.set_key(key);
  return cluster->Call<pb::RangeResponse>("/etcdserverpb.KV/Range", get).response.count();
}

TEST(Lease, TheShortestLeaseIsHalfAsLongAgainAsAnElection) {  // 34
  ApiCluster cluster;
  const auto brief = Grant(&cluster, 1);
  ASSERT_TRUE(brief.status.ok()) << brief.status;
  EXPECT_EQ(brief.response.ttl(), 2);  // 1.5 s, rounded up
  EXPECT_GT(brief.response.id(), 0);
  EXPECT_GT(brief.response.header().raft_term(), 0u);
  EXPECT_EQ(Grant(&cluster, -5).response.ttl(), 2);
  EXPECT_EQ(Grant(&cluster, 9'000'000'000).response.ttl(), 9'000'000'000);
  EXPECT_EQ(Grant(&cluster, 9'000'000'001).status, OutOfRange("etcdserver: too large lease TTL"));
  EXPECT_EQ(Grant(&cluster, 10, 77).response.id(), 77);
  EXPECT_EQ(Grant(&cluster, 10, 77).status, FailedPrecondition("etcdserver: lease already exists"));
}

TEST(Lease, AMissingLeaseIsToldInThreeWays) {  // 35
  ApiCluster cluster;
  EXPECT_EQ(Revoke(&cluster, 5).status, NotFound("etcdserver: requested lease not found"));
  const auto left = TimeToLive(&cluster, 5);
  ASSERT_TRUE(left.status.ok()) << left.status;
  EXPECT_EQ(left.response.ttl(), -1);
  Stream stream(&cluster, "/etcdserverpb.Lease/LeaseKeepAlive");
  pb::LeaseKeepAliveRequest keep;
  keep.set_id(5);
  stream.Send(keep);
  pb::LeaseKeepAliveResponse kept;
  ASSERT_TRUE(stream.Next(&kept));
  EXPECT_EQ(kept.id(), 5);
  EXPECT_EQ(kept.ttl(), 0);
}

TEST(Lease, TimeToLiveNamesTheKeys) {
  ApiCluster cluster({.members = 3});
  ASSERT_TRUE(Grant(&cluster, 60, 7).status.ok());
  ASSERT_TRUE(PutUnder(&cluster, "b", 7).ok());
  ASSERT_TRUE(PutUnder(&cluster, "a", 7).ok());
  cluster.RunFor(5'000'000);
  for (size_t at = 0; at < 3; ++at) {
    const auto left = TimeToLive(&cluster, 7, at);
    ASSERT_TRUE(left.status.ok()) << left.status;
    EXPECT_EQ(left.response.grantedttl(), 60);
    EXPECT_GE(left.response.ttl(), 53);
    EXPECT_LE(left.response.ttl(), 55);
    ASSERT_EQ(left.response.keys_size(), 2);
    EXPECT_EQ(left.response.keys(0), "a");
  }
  ASSERT_TRUE(Revoke(&cluster, 7).status.ok());
  EXPECT_EQ(CountOf(&cluster, "a"), 0);
  EXPECT_EQ(TimeToLive(&cluster, 7).response.ttl(), -1);
}

TEST(Lease, LeasesListsAll) {
  ApiCluster cluster;
  for (const int64_t id : {30, 10, 20}) ASSERT_TRUE(Grant(&cluster, 60, id).status.ok());
  const auto leases = cluster.Call<pb::LeaseLeasesResponse>("/etcdserverpb.Lease/LeaseLeases",
                                                            pb::LeaseLeasesRequest());
  ASSERT_EQ(leases.response.leases_size(), 3);
  EXPECT_EQ(leases.response.leases(0).id(), 10);
}

// What the header says was so before: the lease lives its time from then on at least.
TEST(Lease, ARenewalsHeaderIsOfBeforeIt) {  // 36
  ApiCluster cluster({.members = 3});
  const size_t leader = cluster.LeaderAt();
  ASSERT_TRUE(Grant(&cluster, 60, 7, leader).status.ok());
  ASSERT_TRUE(PutUnder(&cluster, "k", 7).ok());
  ASSERT_TRUE(cluster.sim().RunUntilEqual());
  Stream stream(&cluster, "/etcdserverpb.Lease/LeaseKeepAlive", leader);
  Stream put(&cluster, "/etcdserverpb.KV/Put", leader);
  // Neither the write nor the renewal can end until the others hear of them.
  for (size_t i = 0; i < 3; ++i) {
    if (i != leader) cluster.sim().at(i).SetPaused(true);
  }
  pb::PutRequest write;
  write.set_key("k");
  put.Send(write);
  put.CloseWrites();
  cluster.RunFor(10'000);
  pb::LeaseKeepAliveRequest keep;
  keep.set_id(7);
  stream.Send(keep);
  cluster.RunFor(10'000);
  EXPECT_TRUE(stream.log().messages.empty());
  for (size_t i = 0; i < 3; ++i) {
    if (i != leader) cluster.sim().at(i).SetPaused(false);
  }
  pb::PutResponse written;
  ASSERT_TRUE(put.Next(&written));
  EXPECT_EQ(written.header().revision(), 3);
  pb::LeaseKeepAliveResponse kept;
  ASSERT_TRUE(stream.Next(&kept));
  EXPECT_EQ(kept.ttl(), 60);
  EXPECT_EQ(kept.header().revision(), 2);
}

TEST(Lease, RenewalsThroughAFollowerKeepALeaseAndItsKeys) {  // 36
  ApiCluster cluster({.members = 3});
  const size_t follower = cluster.FollowerAt();
  ASSERT_TRUE(Grant(&cluster, 3, 7, follower).status.ok());
  ASSERT_TRUE(Grant(&cluster, 3, 8, follower).status.ok());
  ASSERT_TRUE(PutUnder(&cluster, "kept", 7).ok());
  ASSERT_TRUE(PutUnder(&cluster, "lost", 8).ok());
  Stream stream(&cluster, "/etcdserverpb.Lease/LeaseKeepAlive", follower);
  pb::LeaseKeepAliveRequest keep;
  keep.set_id(7);
  pb::LeaseKeepAliveResponse kept;
  for (int second = 0; second < 8; ++second) {
    stream.Send(keep);
    ASSERT_TRUE(stream.Next(&kept));
    EXPECT_EQ(kept.ttl(), 3);
    EXPECT_EQ(kept.header().member_id(), cluster.sim().at(follower).id().value());
    cluster.RunFor(1'000'000);
  }
  EXPECT_EQ(CountOf(&cluster, "kept"), 1);
  EXPECT_EQ(CountOf(&cluster, "lost"), 0);
  keep.set_id(8);
  stream.Send(keep);
  ASSERT_TRUE(stream.Next(&kept));
  EXPECT_EQ(kept.ttl(), 0);
  stream.CloseWrites();
  ASSERT_TRUE(stream.WaitDone());
  EXPECT_TRUE(stream.log().status.ok());
}

TEST(Lease, ManyRenewalsOnOneStreamAreAnsweredInOrder) {
  ApiCluster cluster;
  ASSERT_TRUE(Grant(&cluster, 60, 7).status.ok());
  Stream stream(&cluster, "/etcdserverpb.Lease/LeaseKeepAlive");
  pb::LeaseKeepAliveRequest keep;
  for (int i = 0; i < 3'000; ++i) {
    keep.set_id(i % 2 == 0 ? 7 : 10'000 + i);
    stream.Send(keep);
  }
  pb::LeaseKeepAliveResponse kept;
  for (int i = 0; i < 3'000; ++i) {
    ASSERT_TRUE(stream.Next(&kept)) << i;
    ASSERT_EQ(kept.id(), i % 2 == 0 ? 7 : 10'000 + i);
    ASSERT_EQ(kept.ttl(), i % 2 == 0 ? 60 : 0);
  }
}

TEST(Lease, AStreamThatNeedsALeaderEndsWithoutOne) {  // 38
  ApiCluster cluster({.members = 3});
  const size_t alone = cluster.FollowerAt();
  net::Metadata metadata;
  metadata.Add({"hasleader", "true"});
  Stream needs(&cluster, "/etcdserverpb.Lease/LeaseKeepAlive", alone, metadata);
  Stream watches(&cluster, "/etcdserverpb.Watch/Watch", alone, metadata);
  pb::WatchRequest create;
  create.mutable_create_request()->set_key("k");
  watches.Send(create);
  pb::WatchResponse created;
  ASSERT_TRUE(watches.Next(&created));
  Stream does_not(&cluster, "/etcdserverpb.Watch/Watch", alone);
  cluster.RunFor(1'000'000);
  EXPECT_FALSE(watches.log().done);
  for (size_t i = 0; i < 3; ++i) {
    if (i != alone) cluster.Kill(i);
  }
  ASSERT_TRUE(needs.WaitDone());
  EXPECT_EQ(needs.log().status, Unavailable("etcdserver: no leader"));
  ASSERT_TRUE(watches.WaitDone());
  EXPECT_EQ(watches.log().status, Unavailable("etcdserver: no leader"));
  EXPECT_FALSE(does_not.log().done);
  // A new one is refused at once.
  Stream late(&cluster, "/etcdserverpb.Watch/Watch", alone, metadata);
  ASSERT_TRUE(late.WaitDone());
  EXPECT_EQ(late.log().status, Unavailable("etcdserver: no leader"));
  cluster.server(alone).services().Stop();
  ASSERT_TRUE(does_not.WaitDone());
  EXPECT_EQ(does_not.log().status, Unavailable("etcdserver: server stopped"));
}

}  // namespace
}  // namespace keel::api_test
