// What any member is asked and only the leader can do: reads, renewals, and changes of members.
#include <gtest/gtest.h>

#include <optional>

#include "kv/mvcc/command.h"
#include "server/node/publisher.h"
#include "tests/node/support/sim_cluster.h"

namespace keel::node_test {
namespace {

SimMember* FollowerOf(SimCluster* cluster) {
  for (size_t i = 0; i < cluster->size(); ++i) {
    if (&cluster->at(i) != cluster->Leader()) return &cluster->at(i);
  }
  return nullptr;
}

std::optional<node::ProposalOutcome> Propose(SimCluster* cluster, SimMember* member,
                                             kv::Operation operation) {
  kv::Command command;
  command.operation = std::move(operation);
  std::optional<node::ProposalOutcome> outcome;
  member->node().Propose({.command = kv::EncodeCommand(command)},
                         [&](node::ProposalOutcome given) { outcome = std::move(given); });
  cluster->world().RunUntil([&] { return outcome.has_value(); }, 10'000'000);
  return outcome;
}

node::LeaseAnswer Renew(SimCluster* cluster, SimMember* member, uint64_t id) {
  std::optional<node::LeaseAnswer> answer;
  member->node().RenewLease(kv::LeaseId(id),
                            [&](const node::LeaseAnswer& given) { answer = given; });
  EXPECT_TRUE(cluster->world().RunUntil([&] { return answer.has_value(); }, 30'000'000));
  return answer.value_or(node::LeaseAnswer{});
}

std::optional<node::ProposalOutcome> Change(SimCluster* cluster, SimMember* member,
                                            node::Node::MemberChange change) {
  std::optional<node::ProposalOutcome> outcome;
  member->node().ChangeMembers(std::move(change),
                               [&](node::ProposalOutcome given) { outcome = std::move(given); });
  cluster->world().RunUntil([&] { return outcome.has_value(); }, 10'000'000);
  return outcome;
}

// Its question is lost with the link, which works again at once: nobody waits until it is clear
// that no answer comes.
TEST(LeaderAsks, AReadIsAskedAgainAsSoonAsItsLinkIsLost) {
  SimCluster cluster({.seed = 35});
  ASSERT_TRUE(cluster.RunUntilSettled());
  SimMember* follower = FollowerOf(&cluster);
  const Term term = follower->node().core().term();
  const uint64_t election_us = follower->node().core().options().election_timeout_ms * 1'000;
  std::optional<node::ReadOutcome> outcome;
  follower->node().Read(
      [&](const node::ReadOutcome& given, const node::ReadTimes&) { outcome = given; });
  ASSERT_TRUE(cluster.world().RunUntil([&] { return follower->node().core().pending_reads() > 0; },
                                       election_us));
  cluster.network().Reset(follower->id(), cluster.Leader()->id());
  EXPECT_TRUE(cluster.world().RunUntil([&] { return outcome.has_value(); }, election_us));
  EXPECT_EQ(follower->node().core().term(), term) << "the leader leads on";
  EXPECT_TRUE(outcome.has_value() && !std::holds_alternative<raft::ReadRefusal>(*outcome));
}

TEST(LeaderAsks, ALeaseIsRenewedThroughAnyMember) {
  SimCluster cluster({.seed = 31});
  ASSERT_TRUE(cluster.RunUntilSettled());
  SimMember* follower = FollowerOf(&cluster);
  Propose(&cluster, follower, kv::LeaseGrantOp{.id = kv::LeaseId(5), .ttl_s = 3});
  for (int second = 0; second < 8; ++second) {
    cluster.world().RunFor(1'000'000);
    const node::LeaseAnswer answer = Renew(&cluster, follower, 5);
    EXPECT_TRUE(answer.led && answer.found);
    EXPECT_EQ(answer.seconds, 3u);
  }
  std::optional<node::LeaseAnswer> left;
  cluster.world().RunFor(1'500'000);
  follower->node().LeaseRemaining(kv::LeaseId(5),
                                  [&](const node::LeaseAnswer& given) { left = given; });
  ASSERT_TRUE(cluster.world().RunUntil([&] { return left.has_value(); }, 5'000'000));
  EXPECT_TRUE(left->led && left->found);
  EXPECT_LT(left->seconds, 3u);
  EXPECT_FALSE(Renew(&cluster, follower, 6).found);
}

TEST(LeaderAsks, AGrantedLeaseIsKnownToALeaderThatAppliesLate) {
  SimCluster cluster({.seed = 32});
  ASSERT_TRUE(cluster.RunUntilSettled());
  SimMember* follower = FollowerOf(&cluster);
  for (uint64_t id = 1; id <= 50; ++id) {
    Propose(&cluster, follower, kv::LeaseGrantOp{.id = kv::LeaseId(id), .ttl_s = 30});
    const node::LeaseAnswer answer = Renew(&cluster, follower, id);
    EXPECT_TRUE(answer.led && answer.found) << id;
  }
}

TEST(LeaderAsks, ARenewalOutlivesItsLeader) {
  SimCluster cluster({.seed = 33});
  ASSERT_TRUE(cluster.RunUntilSettled());
  SimMember* follower = FollowerOf(&cluster);
  Propose(&cluster, follower, kv::LeaseGrantOp{.id = kv::LeaseId(5), .ttl_s = 30});
  cluster.Leader()->Kill();
  const node::LeaseAnswer answer = Renew(&cluster, follower, 5);
  EXPECT_TRUE(answer.led && answer.found);
}

TEST(LeaderAsks, ARenewalWithoutALeaderEndsUnanswered) {
  SimCluster cluster({.seed = 34});
  ASSERT_TRUE(cluster.RunUntilSettled());
  SimMember* follower = FollowerOf(&cluster);
  for (size_t i = 0; i < cluster.size(); ++i) {
    if (&cluster.at(i) != follower) cluster.at(i).Kill();
  }
  EXPECT_FALSE(Renew(&cluster, follower, 5).led);
}

TEST(LeaderAsks, AFollowerHandsAChangeOfMembersToTheLeader) {
  SimCluster cluster({.seed = 35});
  ASSERT_TRUE(cluster.RunUntilSettled());
  SimMember* follower = FollowerOf(&cluster);
  const NodeId added(4242);
  const auto outcome = Change(&cluster, follower,
                              {.ops = {{.kind = raft::ConfigOpKind::kAddLearner, .id = added}},
                               .members = {{.id = added, .peer_urls = {"http://new:2380"}}}});
  ASSERT_TRUE(outcome.has_value());
  ASSERT_TRUE(std::holds_alternative<node::Applied>(*outcome));
  cluster.world().RunFor(500'000);
  for (size_t i = 0; i < cluster.size(); ++i) {
    const node::NodeStatus status = cluster.at(i).node().status();
    ASSERT_NE(status.membership->Find(added), nullptr);
    EXPECT_NE(status.config->Find(added), nullptr);
  }
  const auto again =
      Change(&cluster, follower, {.ops = {{.kind = raft::ConfigOpKind::kAddLearner, .id = added}}});
  ASSERT_TRUE(std::holds_alternative<node::Dropped>(*again));
  EXPECT_EQ(std::get<node::Dropped>(*again).config, raft::ConfigRefusal::kAlreadyMember);
}

TEST(LeaderAsks, NamesChangeWithoutAChangeOfTheConfig) {
  SimCluster cluster({.seed = 36});
  ASSERT_TRUE(cluster.RunUntilSettled());
  SimMember* follower = FollowerOf(&cluster);
  const auto outcome = Change(
      &cluster, follower,
      {.members = {{.id = follower->id(), .name = "renamed", .client_urls = {"http://c:2379"}}}});
  ASSERT_TRUE(outcome.has_value());
  ASSERT_TRUE(std::holds_alternative<node::Applied>(*outcome));
  cluster.world().RunFor(500'000);
  for (size_t i = 0; i < cluster.size(); ++i) {
    const node::NodeStatus status = cluster.at(i).node().status();
    ASSERT_NE(status.membership->Find(follower->id()), nullptr);
    EXPECT_EQ(status.membership->Find(follower->id())->name, "renamed");
    EXPECT_EQ(status.membership->members().size(), 3u);
    EXPECT_EQ(status.config->VoterCount(), 3u);
  }
  // It survives a restart of everybody.
  for (size_t i = 0; i < cluster.size(); ++i) cluster.at(i).Kill();
  cluster.StartAll();
  ASSERT_TRUE(cluster.RunUntilEqual());
  cluster.world().RunFor(500'000);
  EXPECT_EQ(follower->node().status().membership->Find(follower->id())->name, "renamed");
}

TEST(LeaderAsks, NamesOfChangesInARowAddUp) {
  node::NodeOptions options = SimCluster::SmallOptions();
  options.reconfig.learners_max = 30;
  SimCluster cluster({.seed = 37, .node = options});
  ASSERT_TRUE(cluster.RunUntilSettled());
  SimMember* follower = FollowerOf(&cluster);
  int applied = 0;
  for (uint64_t id = 100; id < 130; ++id) {
    std::optional<node::ProposalOutcome> outcome;
    do {
      outcome = Change(&cluster, id % 2 == 0 ? follower : cluster.Leader(),
                       {.ops = {{.kind = raft::ConfigOpKind::kAddLearner, .id = NodeId(id)}},
                        .members = {{.id = NodeId(id), .name = std::to_string(id)}}});
      ASSERT_TRUE(outcome.has_value());
    } while (!std::holds_alternative<node::Applied>(*outcome));
    ++applied;
  }
  cluster.world().RunFor(500'000);
  EXPECT_EQ(cluster.Leader()->node().status().membership->members().size(), 3u + applied);
}

TEST(LeaderAsks, AnAddedMemberVotesOnceItHasTakenItsId) {
  SimCluster cluster({.seed = 39});
  ASSERT_TRUE(cluster.RunUntilSettled());
  SimMember& joiner = cluster.Add();
  ASSERT_TRUE(joiner.InstallAsJoiner().ok());
  Change(&cluster, FollowerOf(&cluster),
         {.ops = {{.kind = raft::ConfigOpKind::kAddLearner, .id = joiner.id()}},
          .members = {
              {.id = joiner.id(), .peer_urls = {"http://new:2380"}, .votes_once_started = true}}});
  ASSERT_TRUE(joiner.Start().ok());
  cluster.world().RunFor(2'000'000);
  // It has caught up, and still nobody's vote depends on it.
  EXPECT_EQ(joiner.node().core().applied(), cluster.Leader()->node().core().applied());
  EXPECT_FALSE(joiner.node().core().config().IsVoter(joiner.id()));
  SimExecutor role(&cluster.world(), {});
  node::Publisher publisher({.node = &joiner.node(),
                             .role = &role,
                             .self = {.name = "new", .client_urls = {"http://new:2379"}}});
  publisher.Start();
  ASSERT_TRUE(cluster.world().RunUntil([&] { return publisher.done(); }, 5'000'000));
  ASSERT_TRUE(cluster.world().RunUntil(
      [&] { return joiner.node().core().config().IsVoter(joiner.id()); }, 5'000'000));
  const node::MemberInfo self = *joiner.node().status().membership->Find(joiner.id());
  EXPECT_EQ(self.peer_urls, std::vector<std::string>{"http://new:2380"});
  EXPECT_EQ(self.name, "new");
  EXPECT_FALSE(self.votes_once_started);
  // Nobody takes it a second time.
  ASSERT_TRUE(cluster.RunUntilEqual());
  const auto again = Change(&cluster, cluster.Leader(),
                            {.members = {{.id = joiner.id(), .name = "other"}}, .claims = true});
  ASSERT_TRUE(again.has_value());
  ASSERT_TRUE(std::holds_alternative<node::Dropped>(*again));
  EXPECT_EQ(std::get<node::Dropped>(*again).config, raft::ConfigRefusal::kIdUsedBefore);
}

TEST(LeaderAsks, WhoWasRemovedIsForgotten) {
  SimCluster cluster({.seed = 40});
  ASSERT_TRUE(cluster.RunUntilSettled());
  const NodeId added(4242);
  Change(&cluster, cluster.Leader(),
         {.ops = {{.kind = raft::ConfigOpKind::kAddLearner, .id = added}},
          .members = {{.id = added, .peer_urls = {"http://new:2380"}}}});
  cluster.world().RunFor(500'000);
  Change(&cluster, cluster.Leader(), {.ops = {{.kind = raft::ConfigOpKind::kRemove, .id = added}}});
  cluster.world().RunFor(500'000);
  EXPECT_EQ(cluster.at(0).node().status().membership->Find(added), nullptr);
}

TEST(LeaderAsks, EveryMemberFreesWhatIsCompacted) {
  SimCluster cluster({.seed = 38});
  ASSERT_TRUE(cluster.RunUntilSettled());
  kv::PutOp put;
  put.key = "k";
  for (int i = 0; i < 200; ++i) {
    put.value = std::string(100, 'v');
    Propose(&cluster, cluster.Leader(), put);
  }
  Propose(&cluster, cluster.Leader(), kv::CompactOp{Revision(150)});
  std::optional<Status> freed;
  cluster.at(0).node().AwaitCompaction([&](Status status) { freed = std::move(status); });
  ASSERT_TRUE(cluster.world().RunUntil([&] { return freed.has_value(); }, 10'000'000));
  EXPECT_TRUE(freed->ok());
  cluster.world().RunFor(1'000'000);
  // A view is of the last applied entry: one more makes a new one.
  Propose(&cluster, cluster.Leader(), put);
  ASSERT_TRUE(cluster.RunUntilEqual());
  for (size_t i = 0; i < cluster.size(); ++i) {
    const auto view = cluster.at(i).node().view();
    EXPECT_FALSE(view->VersionAt("k", Revision(149))->has_value()) << i;
    EXPECT_TRUE(view->VersionAt("k", Revision(151))->has_value()) << i;
  }
}

}  // namespace
}  // namespace keel::node_test
