// v3lockpb.Lock and v3electionpb.Election as their clients see them; semantics 43.
#include <gtest/gtest.h>

#include "api/etcdserverpb/kv.pb.h"
#include "api/etcdserverpb/lease.pb.h"
#include "api/etcdserverpb/maintenance.pb.h"
#include "api/v3electionpb/v3election.pb.h"
#include "api/v3lockpb/v3lock.pb.h"
#include "tests/api/support/api_cluster.h"

namespace keel::api_test {
namespace {

namespace pb = etcdserverpb;

void Grant(ApiCluster* cluster, int64_t id, int64_t ttl = 60) {
  pb::LeaseGrantRequest request;
  request.set_ttl(ttl);
  request.set_id(id);
  EXPECT_TRUE(
      cluster->Call<pb::LeaseGrantResponse>("/etcdserverpb.Lease/LeaseGrant", request).status.ok());
}

int64_t CountUnder(ApiCluster* cluster, const std::string& prefix) {
  pb::RangeRequest get;
  get.set_key(prefix);
  get.set_range_end(prefix.substr(0, prefix.size() - 1) + static_cast<char>(prefix.back() + 1));
  return cluster->Call<pb::RangeResponse>("/etcdserverpb.KV/Range", get).response.count();
}

std::unique_ptr<Stream> Lock(ApiCluster* cluster, int64_t lease, size_t at = 0) {
  v3lockpb::LockRequest request;
  request.set_name("lock");
  request.set_lease(lease);
  auto stream = std::make_unique<Stream>(cluster, "/v3lockpb.Lock/Lock", at);
  stream->Send(request);
  stream->CloseWrites();
  return stream;
}

Status Unlock(ApiCluster* cluster, const std::string& key) {
  v3lockpb::UnlockRequest request;
  request.set_key(key);
  return cluster->Call<v3lockpb::UnlockResponse>("/v3lockpb.Lock/Unlock", request).status;
}

TEST(Lock, TheOldestKeyHoldsItAndTheNextIsWokenBehindIt) {
  ApiCluster cluster({.members = 3});
  for (const int64_t id : {0xa1, 0xa2, 0xa3}) Grant(&cluster, id);
  v3lockpb::LockResponse held;
  auto first = Lock(&cluster, 0xa1);
  ASSERT_TRUE(first->Next(&held));
  EXPECT_EQ(held.key(), "lock/a1");
  EXPECT_GT(held.header().revision(), 1);
  ASSERT_TRUE(first->WaitDone());
  auto second = Lock(&cluster, 0xa2, 1);
  cluster.RunFor(200'000);
  auto third = Lock(&cluster, 0xa3, 2);
  cluster.RunFor(1'000'000);
  EXPECT_FALSE(second->log().done);
  ASSERT_TRUE(Unlock(&cluster, "lock/a1").ok());
  ASSERT_TRUE(second->Next(&held));
  EXPECT_EQ(held.key(), "lock/a2");
  EXPECT_FALSE(third->log().done);
  // The one that holds it is asked again under its lease: it still does.
  auto again = Lock(&cluster, 0xa2);
  ASSERT_TRUE(again->Next(&held));
  EXPECT_EQ(held.key(), "lock/a2");
  ASSERT_TRUE(Unlock(&cluster, "lock/a2").ok());
  ASSERT_TRUE(third->Next(&held));
  EXPECT_EQ(held.key(), "lock/a3");
}

TEST(Lock, AHolderWhoseLeaseEndsLetsGo) {
  ApiCluster cluster;
  Grant(&cluster, 1, 2);
  Grant(&cluster, 2);
  v3lockpb::LockResponse held;
  auto first = Lock(&cluster, 1);
  ASSERT_TRUE(first->Next(&held));
  auto second = Lock(&cluster, 2);
  ASSERT_TRUE(second->Next(&held, 10'000'000));
  EXPECT_EQ(held.key(), "lock/2");
}

TEST(Lock, WhoGivesUpLeavesTheQueue) {
  ApiCluster cluster;
  for (const int64_t id : {1, 2, 3}) Grant(&cluster, id);
  v3lockpb::LockResponse held;
  auto first = Lock(&cluster, 1);
  ASSERT_TRUE(first->Next(&held));
  auto second = Lock(&cluster, 2);
  cluster.RunFor(200'000);
  auto third = Lock(&cluster, 3);
  cluster.RunFor(200'000);
  second->Cancel();
  cluster.RunFor(500'000);
  EXPECT_EQ(CountUnder(&cluster, "lock/"), 2);
  EXPECT_FALSE(third->log().done);
  ASSERT_TRUE(Unlock(&cluster, "lock/1").ok());
  ASSERT_TRUE(third->Next(&held));
  EXPECT_EQ(held.key(), "lock/3");
}

TEST(Lock, AWaiterWhoseLeaseEndsIsToldSo) {
  ApiCluster cluster;
  Grant(&cluster, 1);
  Grant(&cluster, 2, 2);
  v3lockpb::LockResponse held;
  auto first = Lock(&cluster, 1);
  ASSERT_TRUE(first->Next(&held));
  auto second = Lock(&cluster, 2);
  cluster.RunFor(5'000'000);
  ASSERT_TRUE(Unlock(&cluster, "lock/1").ok());
  ASSERT_TRUE(second->WaitDone());
  EXPECT_EQ(second->log().status, Unknown("mutex: session is expired"));
}

TEST(Lock, WithoutALeaseOneIsGranted) {
  ApiCluster cluster;
  v3lockpb::LockResponse held;
  auto first = Lock(&cluster, 0);
  ASSERT_TRUE(first->Next(&held));
  EXPECT_GT(held.key().size(), std::string("lock/").size());
  auto unknown = Lock(&cluster, 99);
  ASSERT_TRUE(unknown->WaitDone());
  EXPECT_EQ(unknown->log().status, Unknown("etcdserver: requested lease not found"));  // 8
}

// What its own services ask, etcd asks through a client, by which codes are lost.
TEST(Lock, RefusalsKeepTheirWordsAndAreUnknown) {  // 8
  ApiCluster cluster;
  EXPECT_EQ(Unlock(&cluster, ""), Unknown("etcdserver: key is not provided"));
  pb::AlarmRequest alarm;
  alarm.set_action(pb::AlarmRequest::ACTIVATE);
  alarm.set_alarm(pb::NOSPACE);
  Grant(&cluster, 1);
  ASSERT_TRUE(
      cluster.Call<pb::AlarmResponse>("/etcdserverpb.Maintenance/Alarm", alarm).status.ok());
  auto refused = Lock(&cluster, 1);
  ASSERT_TRUE(refused->WaitDone());
  EXPECT_EQ(refused->log().status, Unknown("etcdserver: mvcc: database space exceeded"));
}

TEST(Lock, WithoutALeaderItSaysSoThatCallersGoElsewhere) {
  ApiCluster cluster({.members = 3});
  const size_t alone = cluster.FollowerAt();
  for (size_t i = 0; i < 3; ++i) {
    if (i != alone) cluster.Kill(i);
  }
  cluster.RunFor(2'000'000);
  auto stream = Lock(&cluster, 1, alone);
  ASSERT_TRUE(stream->WaitDone());
  EXPECT_EQ(stream->log().status, Unavailable("etcdserver: no leader"));
}

// ---- elections ----

std::unique_ptr<Stream> Campaign(ApiCluster* cluster, int64_t lease, const std::string& value) {
  v3electionpb::CampaignRequest request;
  request.set_name("e");
  request.set_lease(lease);
  request.set_value(value);
  auto stream = std::make_unique<Stream>(cluster, "/v3electionpb.Election/Campaign");
  stream->Send(request);
  stream->CloseWrites();
  return stream;
}

TEST(Election, RefusalsAreThoseOfEtcd) {  // 8
  ApiCluster cluster;
  auto campaign = Campaign(&cluster, 99, "x");
  ASSERT_TRUE(campaign->WaitDone());
  EXPECT_EQ(campaign->log().status, Unknown("etcdserver: requested lease not found"));
  v3electionpb::ProclaimRequest proclaim;
  v3electionpb::ResignRequest resign;
  const auto expect = [&](const Status& proclaimed, const Status& resigned) {
    EXPECT_EQ(
        cluster.Call<v3electionpb::ProclaimResponse>("/v3electionpb.Election/Proclaim", proclaim)
            .status,
        proclaimed);
    EXPECT_EQ(
        cluster.Call<v3electionpb::ResignResponse>("/v3electionpb.Election/Resign", resign).status,
        resigned);
  };
  const Status missing = Unknown("\"leader\" field must be provided");
  expect(missing, missing);
  proclaim.mutable_leader();
  resign.mutable_leader();
  const Status empty = Unknown("etcdserver: key is not provided");
  expect(empty, empty);
  proclaim.mutable_leader()->set_key("nokey");
  proclaim.mutable_leader()->set_rev(7);
  *resign.mutable_leader() = proclaim.leader();
  expect(Unknown("election: not leader"), Status());
}

TEST(Election, OneIsElectedProclaimsAndResigns) {
  ApiCluster cluster;
  Grant(&cluster, 1);
  Grant(&cluster, 2);
  v3electionpb::LeaderRequest who;
  who.set_name("e");
  const auto leader = [&] {
    return cluster.Call<v3electionpb::LeaderResponse>("/v3electionpb.Election/Leader", who);
  };
  EXPECT_EQ(leader().status, Unknown("election: no leader"));
  Stream observer(&cluster, "/v3electionpb.Election/Observe");
  observer.Send(who);
  v3electionpb::LeaderResponse seen;

  v3electionpb::CampaignResponse elected;
  auto first = Campaign(&cluster, 1, "one");
  ASSERT_TRUE(first->Next(&elected));
  EXPECT_EQ(elected.leader().key(), "e/1");
  EXPECT_EQ(elected.leader().name(), "e");
  EXPECT_EQ(elected.leader().lease(), 1);
  EXPECT_EQ(leader().response.kv().value(), "one");
  ASSERT_TRUE(observer.Next(&seen));
  EXPECT_EQ(seen.kv().value(), "one");

  auto second = Campaign(&cluster, 2, "two");
  v3electionpb::ProclaimRequest proclaim;
  *proclaim.mutable_leader() = elected.leader();
  proclaim.set_value("one again");
  ASSERT_TRUE(
      cluster.Call<v3electionpb::ProclaimResponse>("/v3electionpb.Election/Proclaim", proclaim)
          .status.ok());
  ASSERT_TRUE(observer.Next(&seen));
  EXPECT_EQ(seen.kv().value(), "one again");
  EXPECT_FALSE(second->log().done);

  v3electionpb::ResignRequest resign;
  *resign.mutable_leader() = elected.leader();
  ASSERT_TRUE(cluster.Call<v3electionpb::ResignResponse>("/v3electionpb.Election/Resign", resign)
                  .status.ok());
  ASSERT_TRUE(second->Next(&elected));
  EXPECT_EQ(elected.leader().key(), "e/2");
  ASSERT_TRUE(observer.Next(&seen));
  EXPECT_EQ(seen.kv().value(), "two");
  EXPECT_EQ(
      cluster.Call<v3electionpb::ProclaimResponse>("/v3electionpb.Election/Proclaim", proclaim)
          .status,
      Unknown("election: not leader"));
}

}  // namespace
}  // namespace keel::api_test
