// etcdserverpb.Cluster as its clients see it; the numbers are those of the list of semantics.
#include <gtest/gtest.h>

#include "api/etcdserverpb/cluster.pb.h"
#include "tests/api/support/api_cluster.h"

namespace keel::api_test {
namespace {

namespace pb = etcdserverpb;

const std::string kService = "/etcdserverpb.Cluster/";

Answered<pb::MemberAddResponse> Add(ApiCluster* cluster, const std::string& url,
                                    bool learner = false, size_t at = 0) {
  pb::MemberAddRequest request;
  request.add_peerurls(url);
  request.set_islearner(learner);
  return cluster->Call<pb::MemberAddResponse>(kService + "MemberAdd", request, at);
}

Answered<pb::MemberListResponse> List(ApiCluster* cluster, size_t at = 0) {
  pb::MemberListRequest request;
  request.set_linearizable(true);
  return cluster->Call<pb::MemberListResponse>(kService + "MemberList", request, at);
}

Answered<pb::MemberRemoveResponse> Remove(ApiCluster* cluster, uint64_t id, size_t at = 0) {
  pb::MemberRemoveRequest request;
  request.set_id(id);
  return cluster->Call<pb::MemberRemoveResponse>(kService + "MemberRemove", request, at);
}

Answered<pb::MemberPromoteResponse> Promote(ApiCluster* cluster, uint64_t id) {
  pb::MemberPromoteRequest request;
  request.set_id(id);
  return cluster->Call<pb::MemberPromoteResponse>(kService + "MemberPromote", request);
}

Answered<pb::MemberUpdateResponse> Update(ApiCluster* cluster, uint64_t id,
                                          const std::string& url) {
  pb::MemberUpdateRequest request;
  request.set_id(id);
  request.add_peerurls(url);
  return cluster->Call<pb::MemberUpdateResponse>(kService + "MemberUpdate", request);
}

TEST(Cluster, ListsItsMembersWithoutARevision) {  // 2
  ApiCluster cluster({.members = 3});
  for (size_t at = 0; at < 3; ++at) {
    const auto list = List(&cluster, at);
    ASSERT_TRUE(list.status.ok()) << list.status;
    EXPECT_EQ(list.response.members_size(), 3);
    EXPECT_FALSE(list.response.members(0).name().empty());
    EXPECT_EQ(list.response.header().revision(), 0);
    EXPECT_EQ(list.response.header().cluster_id(), 7u);
  }
}

TEST(Cluster, AMemberIsAddedBeforeItStartsThroughAnyMember) {
  ApiCluster cluster({.members = 3});
  const size_t follower = cluster.FollowerAt();
  const auto added = Add(&cluster, "http://127.0.0.1:3380", false, follower);
  ASSERT_TRUE(added.status.ok()) << added.status;
  EXPECT_EQ(added.response.members_size(), 4);
  EXPECT_NE(added.response.member().id(), 0u);
  EXPECT_FALSE(added.response.member().islearner());
  for (const auto& member : added.response.members()) {
    EXPECT_EQ(member.name().empty(), member.id() == added.response.member().id());
    EXPECT_FALSE(member.islearner());
  }
  EXPECT_EQ(Add(&cluster, "http://127.0.0.1:3380").status,
            FailedPrecondition("etcdserver: Peer URLs already exists"));
  EXPECT_EQ(Add(&cluster, "127.0.0.1:3380").status,
            InvalidArgument("etcdserver: given member URLs are invalid"));
  const auto learner = Add(&cluster, "http://127.0.0.1:3381", true);
  ASSERT_TRUE(learner.status.ok()) << learner.status;
  EXPECT_TRUE(learner.response.member().islearner());
  // Nothing waits for those that have not started.
  EXPECT_EQ(cluster.sim().Leader()->node().core().config().VoterCount(), 3u);
}

TEST(Cluster, RemovesAndNeverTakesAnIdTwice) {
  ApiCluster cluster({.members = 3});
  EXPECT_EQ(Remove(&cluster, 99).status, NotFound("etcdserver: member not found"));
  const uint64_t id = Add(&cluster, "http://127.0.0.1:3380").response.member().id();
  const auto removed = Remove(&cluster, id, cluster.FollowerAt());
  ASSERT_TRUE(removed.status.ok()) << removed.status;
  EXPECT_EQ(removed.response.members_size(), 3);
  EXPECT_EQ(Remove(&cluster, id).status, NotFound("etcdserver: member not found"));
  const auto again = Add(&cluster, "http://127.0.0.1:3380");
  ASSERT_TRUE(again.status.ok()) << again.status;
  EXPECT_NE(again.response.member().id(), id);
}

TEST(Cluster, AVoterIsRemovedAndTheRestGoOn) {
  ApiCluster cluster({.members = 3});
  const size_t leader = cluster.LeaderAt();
  const size_t asked = (leader + 1) % 3;
  const auto removed = Remove(&cluster, cluster.sim().at((leader + 2) % 3).id().value(), asked);
  ASSERT_TRUE(removed.status.ok()) << removed.status;
  EXPECT_EQ(removed.response.members_size(), 2);
  // One change behind another: the second waits for the first.
  ASSERT_TRUE(Add(&cluster, "http://127.0.0.1:3380", false, asked).status.ok());
  ASSERT_TRUE(Add(&cluster, "http://127.0.0.1:3381", false, asked).status.ok());
  EXPECT_EQ(List(&cluster, asked).response.members_size(), 4);
}

TEST(Cluster, TheLeaderIsRemovedThroughAnotherMember) {
  ApiCluster cluster({.members = 3});
  const size_t leader = cluster.LeaderAt();
  const auto removed =
      Remove(&cluster, cluster.sim().at(leader).id().value(), cluster.FollowerAt());
  ASSERT_TRUE(removed.status.ok()) << removed.status;
  EXPECT_EQ(removed.response.members_size(), 2);
}

TEST(Cluster, TheLastVoterStays) {
  ApiCluster cluster;
  // The code that etcd gives it, for want of one of its own.
  EXPECT_EQ(Remove(&cluster, cluster.sim().at(0).id().value()).status,
            Status(Code::kUnknown,
                   "etcdserver: re-configuration failed due to not enough started members"));
}

const Status kUnhealthy = Unavailable("etcdserver: unhealthy cluster");

// Long enough that the leader misses whoever is down.
constexpr uint64_t kMissedUs = 1'000'000;

TEST(Cluster, KeepsAMajorityOfThoseThatAreUp) {
  ApiCluster cluster({.members = 3});
  const size_t leader = cluster.LeaderAt();
  const size_t down = (leader + 1) % 3;
  const size_t other = (leader + 2) % 3;
  const uint64_t down_id = cluster.sim().at(down).id().value();
  const uint64_t other_id = cluster.sim().at(other).id().value();
  cluster.Kill(down);
  cluster.RunFor(kMissedUs);
  for (const size_t at : {leader, other}) {
    EXPECT_EQ(Remove(&cluster, other_id, at).status, kUnhealthy);
    EXPECT_EQ(Add(&cluster, "http://127.0.0.1:3380", false, at).status, kUnhealthy);
    EXPECT_EQ(Add(&cluster, "http://127.0.0.1:3381", true, at).status, kUnhealthy);
  }
  const auto removed = Remove(&cluster, down_id, other);
  ASSERT_TRUE(removed.status.ok()) << removed.status;
  const auto added = Add(&cluster, "http://127.0.0.1:3380", false, other);
  ASSERT_TRUE(added.status.ok()) << added.status;
  EXPECT_EQ(added.response.members_size(), 3);
}

TEST(Cluster, ChangesAreNotHeldBackWhereTheOperatorSaysSo) {
  ApiCluster::Options options{.members = 3};
  options.node.reconfig.strict = false;
  ApiCluster cluster(options);
  const size_t leader = cluster.LeaderAt();
  cluster.Kill((leader + 1) % 3);
  cluster.RunFor(kMissedUs);
  EXPECT_TRUE(Add(&cluster, "http://127.0.0.1:3380", false, leader).status.ok());
}

TEST(Cluster, LearnersAreBounded) {
  const auto too_many = FailedPrecondition("etcdserver: too many learner members in cluster");
  ApiCluster cluster({.members = 3});
  const auto learner = Add(&cluster, "http://127.0.0.1:3380", true);
  ASSERT_TRUE(learner.status.ok()) << learner.status;
  for (size_t at = 0; at < 3; ++at) {
    EXPECT_EQ(Add(&cluster, "http://127.0.0.1:3381", true, at).status, too_many);
  }
  EXPECT_TRUE(Add(&cluster, "http://127.0.0.1:3382").status.ok()) << "it will vote";
  ASSERT_TRUE(Remove(&cluster, learner.response.member().id()).status.ok());
  EXPECT_TRUE(Add(&cluster, "http://127.0.0.1:3383", true).status.ok());
}

TEST(Cluster, UpdatesAddresses) {
  ApiCluster cluster;
  const uint64_t id = cluster.sim().at(0).id().value();
  const auto updated = Update(&cluster, id, "https://[::1]:2380");
  ASSERT_TRUE(updated.status.ok()) << updated.status;
  EXPECT_EQ(updated.response.members(0).peerurls(0), "https://[::1]:2380");
  EXPECT_EQ(updated.response.members(0).name(), "m1");
  EXPECT_EQ(Update(&cluster, 99, "http://x:1").status, NotFound("etcdserver: member not found"));
  EXPECT_EQ(Update(&cluster, 99, "nonsense").status, NotFound("etcdserver: member not found"));
  EXPECT_EQ(Update(&cluster, id, "http://x").status,
            InvalidArgument("etcdserver: given member URLs are invalid"));
}

TEST(Cluster, PromotesLearnersThatHaveStartedAndCaughtUp) {
  ApiCluster cluster;
  EXPECT_EQ(Promote(&cluster, 99).status, NotFound("etcdserver: member not found"));
  EXPECT_EQ(Promote(&cluster, cluster.sim().at(0).id().value()).status,
            FailedPrecondition("etcdserver: can only promote a learner member"));
  const uint64_t id = Add(&cluster, "http://127.0.0.1:3380", true).response.member().id();
  EXPECT_EQ(Promote(&cluster, id).status,
            FailedPrecondition(
                "etcdserver: can only promote a learner member which is in sync with leader"));
}

}  // namespace
}  // namespace keel::api_test
