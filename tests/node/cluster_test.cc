// Three whole nodes: what they promise to clients, in good weather and in bad.
#include <gtest/gtest.h>

#include <functional>

#include "tests/node/support/workload.h"

namespace keel::node_test {
namespace {

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(Cluster, ElectsALeaderThatAllFollow) {
  SimCluster cluster({.seed = 1});
  ASSERT_TRUE(cluster.RunUntilSettled());
  EXPECT_NE(cluster.Leader(), nullptr);
}

TEST(Cluster, AnswersClientsOfEveryMember) {
  SimCluster cluster({.seed = 2});
  ASSERT_TRUE(cluster.RunUntilSettled());
  Workload workload(&cluster, {});
  workload.Start();
  cluster.world().RunFor(3'000'000);
  workload.Stop();
  ASSERT_TRUE(cluster.world().RunUntil([&] { return workload.IsIdle(); }, 20'000'000));
  ASSERT_TRUE(cluster.RunUntilEqual());
  workload.CheckAtEnd();
  EXPECT_EQ(Joined(workload.complaints()), "");
  EXPECT_GT(workload.counts().applied, 300u);
  EXPECT_GT(workload.counts().reads, 100u);
  // Nothing was wrong, so nothing went wrong.
  EXPECT_EQ(workload.counts().dropped, 0u);
  EXPECT_EQ(workload.counts().unknown, 0u);
}

TEST(Cluster, SurvivesTheDeathOfAllMembersAtOnce) {
  SimCluster cluster({.seed = 3});
  ASSERT_TRUE(cluster.RunUntilSettled());
  Workload workload(&cluster, {});
  workload.Start();
  for (int round = 0; round < 5; ++round) {
    cluster.world().RunFor(400'000);
    for (size_t i = 0; i < cluster.size(); ++i) {
      cluster.at(i).Kill();
      workload.OnKill(cluster.at(i).id());
    }
    cluster.StartAll();
    ASSERT_TRUE(cluster.RunUntilSettled());
  }
  workload.Stop();
  ASSERT_TRUE(cluster.world().RunUntil([&] { return workload.IsIdle(); }, 20'000'000));
  ASSERT_TRUE(cluster.RunUntilEqual());
  workload.CheckAtEnd();
  EXPECT_EQ(Joined(workload.complaints()), "");
}

TEST(Cluster, FeedsAMemberThatIsFarBehindByASnapshot) {
  SimCluster cluster({.seed = 4});
  ASSERT_TRUE(cluster.RunUntilSettled());
  SimMember& late = cluster.at(0);
  late.Kill();
  ASSERT_TRUE(cluster.RunUntilSettled());
  Workload workload(&cluster, {.value_bytes_max = 1'000});
  workload.Start();
  cluster.world().RunFor(6'000'000);
  // The log has left it behind.
  ASSERT_GT(cluster.Leader()->node().core().log().base().index, Index(100));
  ASSERT_TRUE(late.Start().ok());
  cluster.world().RunFor(3'000'000);  // while writes go on
  workload.Stop();
  ASSERT_TRUE(cluster.world().RunUntil([&] { return workload.IsIdle(); }, 20'000'000));
  ASSERT_TRUE(cluster.RunUntilEqual());
  EXPECT_GT(late.node().core().log().base().index, Index(100));
  workload.CheckAtEnd();
  EXPECT_EQ(Joined(workload.complaints()), "");
}

TEST(Cluster, AJoinerIsFedAndPromoted) {
  SimCluster cluster({.seed = 5});
  ASSERT_TRUE(cluster.RunUntilSettled());
  Workload workload(&cluster, {.value_bytes_max = 1'000});
  workload.Start();
  cluster.world().RunFor(5'000'000);
  SimMember& joiner = cluster.Add();
  ASSERT_TRUE(joiner.InstallAsJoiner().ok());
  ASSERT_TRUE(joiner.Start().ok());
  std::vector<node::ProposalOutcome> outcomes;
  cluster.Leader()->node().ChangeMembers(
      {.ops = {{.kind = raft::ConfigOpKind::kAddVoter, .id = joiner.id()}},
       .members = {{.id = joiner.id(), .name = "m4", .peer_urls = {"http://m4:2380"}}}},
      [&](const node::ProposalOutcome& outcome) { outcomes.push_back(outcome); });
  ASSERT_TRUE(cluster.world().RunUntil(
      [&] { return joiner.node().core().config().IsVoter(joiner.id()); }, 20'000'000));
  workload.Stop();
  ASSERT_TRUE(cluster.world().RunUntil([&] { return workload.IsIdle(); }, 20'000'000));
  ASSERT_TRUE(cluster.RunUntilEqual());
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<node::Applied>(outcomes[0]));
  workload.CheckAtEnd();
  EXPECT_EQ(Joined(workload.complaints()), "");
  // Names came with the state, and stay through configs that the core made by itself.
  cluster.world().RunFor(100'000);
  for (size_t i = 0; i < cluster.size(); ++i) {
    const auto membership = cluster.at(i).node().status().membership;
    ASSERT_NE(membership->Find(joiner.id()), nullptr);
    EXPECT_EQ(membership->Find(joiner.id())->name, "m4");
    EXPECT_EQ(membership->members().size(), 4u);
  }
}

TEST(Cluster, APlannedStopHandsLeadershipOnAndLosesNoRequest) {
  SimCluster cluster({.seed = 6});
  ASSERT_TRUE(cluster.RunUntilSettled());
  SimMember* first = cluster.Leader();
  const Term term = first->node().core().term();
  ASSERT_TRUE(first->StopCleanly().ok());
  // Nobody had to wait for an election timeout: the next one leads already, one term later.
  ASSERT_TRUE(cluster.RunUntilSettled());
  EXPECT_EQ(cluster.Leader()->node().core().term(), term.Next());
  ASSERT_TRUE(first->Start().ok());
  EXPECT_TRUE(cluster.RunUntilEqual());
}

// How a command fares that is asked for at this member every millisecond for as long as it takes in
// what comes on its connections; then it is stopped, with the newest still under way.
void StopUnderLoad(SimCluster* cluster, SimMember* member) {
  std::vector<node::ProposalOutcome> outcomes;
  size_t asked = 0;
  size_t read = 0;
  SimExecutor executor(&cluster->world(), {});
  std::function<void()> ask = [&] {
    kv::Command command;
    command.operation = kv::PutOp{.key = "k" + std::to_string(asked++)};
    member->node().Propose(
        {.command = kv::EncodeCommand(command)},
        [&](const node::ProposalOutcome& outcome) { outcomes.push_back(outcome); });
    member->node().Read([&](const node::ReadOutcome& outcome, const node::ReadTimes&) {
      read += std::holds_alternative<raft::ReadRefusal>(outcome) ? 0 : 1;
    });
    if (asked < 20) executor.PostAfter(1'000, [&] { ask(); });
  };
  ask();
  cluster->world().RunFor(19'500);
  ASSERT_TRUE(member->StopCleanly().ok());
  ASSERT_EQ(outcomes.size(), asked);
  for (const node::ProposalOutcome& outcome : outcomes) {
    EXPECT_TRUE(std::holds_alternative<node::Applied>(outcome));
  }
  EXPECT_EQ(read, asked);
}

TEST(Cluster, AStopOfTheLeaderAnswersWhoeverAsked) {
  SimCluster cluster({.seed = 10});
  ASSERT_TRUE(cluster.RunUntilSettled());
  StopUnderLoad(&cluster, cluster.Leader());
}

TEST(Cluster, AStopOfAFollowerAnswersWhoeverAsked) {
  SimCluster cluster({.seed = 11});
  ASSERT_TRUE(cluster.RunUntilSettled());
  StopUnderLoad(&cluster, cluster.Leader() == &cluster.at(0) ? &cluster.at(1) : &cluster.at(0));
}

// Its log is closed by the failure itself: a stop that comes later finds nothing left to wait for.
TEST(Cluster, AMemberWhoseDiskHasFailedStopsAtOnce) {
  SimCluster cluster({.seed = 12});
  ASSERT_TRUE(cluster.RunUntilSettled());
  SimMember& failing = *cluster.Leader();
  failing.files().SetHook([](const simfs::Operation& operation) -> simfs::Fault {
    if (operation.kind != simfs::OperationKind::kSync) return {};
    return {.kind = simfs::Fault::Kind::kError, .status = Unavailable("the disk is gone")};
  });
  kv::Command command;
  command.operation = kv::PutOp{.key = "k"};
  failing.node().Propose({.command = kv::EncodeCommand(command)},
                         [](const node::ProposalOutcome&) {});
  ASSERT_TRUE(cluster.world().RunUntil([&] { return !failing.failure().ok(); }, 5'000'000));
  cluster.world().RunFor(1'000'000);
  const uint64_t before_us = cluster.world().now_us();
  ASSERT_TRUE(failing.StopCleanly().ok());
  EXPECT_LT(cluster.world().now_us() - before_us, 100'000u);
}

TEST(Cluster, ALoneMemberStopsWithoutWaitingForASuccessor) {
  SimCluster cluster({.seed = 9, .members = 1});
  ASSERT_TRUE(cluster.RunUntilSettled());
  const uint64_t before_us = cluster.world().now_us();
  ASSERT_TRUE(cluster.at(0).StopCleanly().ok());
  EXPECT_LT(cluster.world().now_us() - before_us, SimCluster::SmallOptions().hand_off_ms * 1000);
  ASSERT_TRUE(cluster.at(0).Start().ok());
  EXPECT_TRUE(cluster.RunUntilEqual());
}

// Where all are stopped together, the last ones need not wait for what cannot come.
TEST(Cluster, ALeaderWithoutAMajorityStopsWithoutWaitingForASuccessor) {
  SimCluster cluster({.seed = 13});
  ASSERT_TRUE(cluster.RunUntilSettled());
  SimMember* const leader = cluster.Leader();
  for (size_t i = 0; i < cluster.size(); ++i) {
    if (&cluster.at(i) != leader) cluster.at(i).KillProcess();
  }
  // It hears that nobody is there any more long before it would step down.
  cluster.world().RunFor(10'000);
  std::vector<node::ProposalOutcome> outcomes;
  kv::Command command;
  command.operation = kv::PutOp{.key = "k"};
  leader->node().Propose(
      {.command = kv::EncodeCommand(command)},
      [&](const node::ProposalOutcome& outcome) { outcomes.push_back(outcome); });
  cluster.world().RunFor(1'000);
  ASSERT_TRUE(leader->node().core().role() == raft::Role::kLeader);
  const uint64_t before_us = cluster.world().now_us();
  ASSERT_TRUE(leader->StopCleanly().ok());
  EXPECT_LT(cluster.world().now_us() - before_us,
            SimCluster::SmallOptions().raft.election_timeout_ms * 1000);
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<node::Unknown>(outcomes[0]));
}

TEST(Cluster, AStalledDiskCostsALeaderItsPlace) {
  SimCluster cluster({.seed = 7});
  ASSERT_TRUE(cluster.RunUntilSettled());
  SimMember* stalled = cluster.Leader();
  stalled->SetDiskStalled(true);
  Workload workload(&cluster, {});
  workload.Start();
  EXPECT_TRUE(cluster.world().RunUntil(
      [&] { return cluster.Leader() != nullptr && cluster.Leader() != stalled; }, 10'000'000));
  stalled->SetDiskStalled(false);
  cluster.world().RunFor(500'000);
  workload.Stop();
  ASSERT_TRUE(cluster.world().RunUntil([&] { return workload.IsIdle(); }, 20'000'000));
  ASSERT_TRUE(cluster.RunUntilEqual());
  workload.CheckAtEnd();
  EXPECT_EQ(Joined(workload.complaints()), "");
}

TEST(Cluster, LeasesRunOutWithTheirKeysAndRenewalsKeepThem) {
  SimCluster cluster({.seed = 8});
  ASSERT_TRUE(cluster.RunUntilSettled());
  const auto propose = [&](kv::Operation operation) {
    kv::Command command;
    command.operation = std::move(operation);
    bool applied = false;
    cluster.Leader()->node().Propose({.command = kv::EncodeCommand(command)},
                                     [&](const node::ProposalOutcome& outcome) {
                                       applied = std::holds_alternative<node::Applied>(outcome);
                                     });
    EXPECT_TRUE(cluster.world().RunUntil([&] { return applied; }, 5'000'000));
  };
  for (const uint64_t id : {1, 2}) {
    propose(kv::LeaseGrantOp{.id = kv::LeaseId(id), .ttl_s = 2});
    kv::PutOp put;
    put.key = "k" + std::to_string(id);
    put.lease = kv::LeaseId(id);
    propose(put);
  }
  int renewed = 0;
  for (int second = 0; second < 5; ++second) {
    cluster.world().RunFor(1'000'000);
    cluster.Leader()->node().RenewLease(kv::LeaseId(2), [&](const node::LeaseAnswer& answer) {
      renewed += answer.led && answer.found ? 1 : 0;
    });
  }
  cluster.world().RunFor(100'000);
  ASSERT_TRUE(cluster.RunUntilEqual());
  EXPECT_EQ(renewed, 5);
  const auto view = cluster.at(1).node().view();
  EXPECT_FALSE(view->Get("k1", view->revision())->has_value());
  EXPECT_TRUE(view->Get("k2", view->revision())->has_value());
}

// Found by keel-sim-node, seeds 118 and 123: the member record could not be written before the log
// was cut, and the member stopped.
TEST(Cluster, AFullDiskHoldsUpTheRecordOfTheMembersAndStopsNobody) {
  SimCluster cluster({.seed = 11});
  ASSERT_TRUE(cluster.RunUntilSettled());
  SimMember& full = cluster.at(0);
  bool changed = false;
  cluster.Leader()->node().ChangeMembers(
      {.ops = {{.kind = raft::ConfigOpKind::kSetLeaseReads, .enabled = true}}},
      [&](const node::ProposalOutcome& outcome) {
        changed = std::holds_alternative<node::Applied>(outcome);
      });
  ASSERT_TRUE(cluster.world().RunUntil([&] { return changed; }, 5'000'000));
  Workload workload(&cluster, {.value_bytes_max = 100});
  workload.Start();
  // What is preallocated can be written; a new file cannot.
  full.files().SetCapacity(full.files().UsedBytes());
  uint64_t failed_saves = 0;
  full.files().SetHook([&](const simfs::Operation& operation) -> simfs::Fault {
    const bool saves =
        operation.kind == simfs::OperationKind::kWrite && operation.path.ends_with("/member.new");
    failed_saves += saves ? 1 : 0;
    return {};
  });
  cluster.world().RunFor(3'000'000);
  EXPECT_GT(failed_saves, 1u) << "it is tried again";
  EXPECT_TRUE(full.failure().ok()) << full.failure();
  full.files().SetHook({});
  full.files().SetCapacity(0);
  cluster.world().RunFor(1'000'000);
  workload.Stop();
  ASSERT_TRUE(cluster.world().RunUntil([&] { return workload.IsIdle(); }, 20'000'000));
  ASSERT_TRUE(cluster.RunUntilEqual());
  workload.CheckAtEnd();
  EXPECT_EQ(Joined(workload.complaints()), "");
}

// Its address may be another member's by now: whoever remembered it would dial it there, and tell a
// joiner that this address is taken.
TEST(Cluster, AMemberThatWasRemovedIsForgottenByThoseThatStartAnew) {
  SimCluster cluster({.seed = 13});
  ASSERT_TRUE(cluster.RunUntilSettled());
  const bool first_leads = cluster.Leader() == &cluster.at(0);
  SimMember& removed = cluster.at(first_leads ? 1 : 0);
  SimMember& restarted = cluster.at(first_leads ? 0 : 1);
  const NodeId id = removed.id();
  removed.KillProcess();
  cluster.world().RunFor(5'000'000);  // it is down, and so may go
  bool changed = false;
  cluster.Leader()->node().ChangeMembers({.ops = {{.kind = raft::ConfigOpKind::kRemove, .id = id}}},
                                         [&](const node::ProposalOutcome& outcome) {
                                           changed = std::holds_alternative<node::Applied>(outcome);
                                         });
  ASSERT_TRUE(cluster.world().RunUntil([&] { return changed; }, 5'000'000));
  const auto knows = [&](SimMember& member) {
    return member.node().status().membership->Find(id) != nullptr;
  };
  ASSERT_TRUE(cluster.world().RunUntil([&] { return !knows(restarted); }, 5'000'000));
  cluster.world().RunFor(5'000'000);
  restarted.KillProcess();
  ASSERT_TRUE(restarted.Start().ok());
  EXPECT_FALSE(knows(restarted));
}

// It has been still for so long that the others have another leader, by whose clock the lease ran
// out; and does not know it yet when it finds the question.
TEST(Cluster, ALeaderOfThePastRenewsNoLease) {
  SimCluster cluster({.seed = 10});
  ASSERT_TRUE(cluster.RunUntilSettled());
  SimMember* past = cluster.Leader();
  bool granted = false;
  kv::Command command;
  command.operation = kv::LeaseGrantOp{.id = kv::LeaseId(1), .ttl_s = 2};
  past->node().Propose({.command = kv::EncodeCommand(command)},
                       [&](const node::ProposalOutcome& outcome) {
                         granted = std::holds_alternative<node::Applied>(outcome);
                       });
  ASSERT_TRUE(cluster.world().RunUntil([&] { return granted; }, 5'000'000));
  past->SetPaused(true);
  std::vector<node::LeaseAnswer> answers;
  past->node().RenewLease(kv::LeaseId(1),
                          [&](const node::LeaseAnswer& answer) { answers.push_back(answer); });
  cluster.world().RunFor(4'000'000);
  past->SetPaused(false);
  ASSERT_TRUE(cluster.world().RunUntil([&] { return !answers.empty(); }, 5'000'000));
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_FALSE(answers.front().led && answers.front().found);
}

}  // namespace
}  // namespace keel::node_test
