// A leader gathers what comes in while its last entries are under way: fewer, larger batches.
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "kv/mvcc/command.h"
#include "tests/node/support/sim_cluster.h"

namespace keel::node_test {
namespace {

// Members that note how many proposals each event gave to a core.
struct Watched {
  explicit Watched(uint64_t seed, uint64_t gather_us = 2'000)
      : cluster(Options(this, seed, gather_us)) {}

  static SimCluster::Options Options(Watched* self, uint64_t seed, uint64_t gather_us) {
    SimCluster::Options options{.seed = seed};
    options.node.gather_us = gather_us;
    options.on_seams = [self](SimMember* /*member*/, node::Node::Seams* seams) {
      seams->on_inputs = [self](const raft::Raft& /*core*/, std::span<const raft::Input> inputs) {
        for (const raft::Input& input : inputs) {
          const auto* propose = std::get_if<raft::Propose>(&input.event);
          if (propose != nullptr) self->batches.push_back(propose->payloads.size());
        }
      };
    };
    return options;
  }
  void Put(SimMember* member, int number) {
    const kv::PutOp put{.key = "key" + std::to_string(number), .value = "value"};
    member->node().Propose({.command = kv::EncodeCommand({{}, put})},
                           [this](const node::ProposalOutcome& outcome) {
                             applied += std::holds_alternative<node::Applied>(outcome) ? 1 : 0;
                             ++ended;
                           });
  }

  SimCluster cluster;
  std::vector<size_t> batches;
  size_t applied = 0;
  size_t ended = 0;
};

TEST(Gathering, WhatComesInWhileEntriesAreUnderWayIsOneBatch) {
  Watched watched(1, 1'000'000);
  ASSERT_TRUE(watched.cluster.RunUntilSettled());
  SimMember* leader = watched.cluster.Leader();
  watched.cluster.world().RunFor(100'000);
  watched.batches.clear();
  for (int i = 0; i < 20; ++i) {
    watched.Put(leader, i);
    watched.cluster.world().RunFor(1);
  }
  ASSERT_TRUE(watched.cluster.world().RunUntil([&] { return watched.applied == 20; }, 10'000'000));
  ASSERT_EQ(watched.batches.size(), 2u);
  EXPECT_EQ(watched.batches[0] + watched.batches[1], 20u);
}

TEST(Gathering, ABatchThatIsLargeEnoughDoesNotWait) {
  Watched watched(2, 3'600'000'000);
  ASSERT_TRUE(watched.cluster.RunUntilSettled());
  SimMember* leader = watched.cluster.Leader();
  for (size_t i = 0; i < watched.cluster.size(); ++i) {
    if (&watched.cluster.at(i) != leader) watched.cluster.at(i).SetDiskStalled(true);
  }
  watched.batches.clear();
  const size_t many = node::NodeOptions().gather_max;
  for (size_t i = 0; i <= many; ++i) {
    watched.Put(leader, static_cast<int>(i));
    watched.cluster.world().RunFor(1);
  }
  watched.cluster.world().RunFor(1'000);
  EXPECT_EQ(watched.batches, (std::vector<size_t>{1, many}));
  EXPECT_EQ(watched.ended, 0u);
}

TEST(Gathering, NothingIsHeldForLong) {
  Watched watched(3, 2'000);
  ASSERT_TRUE(watched.cluster.RunUntilSettled());
  SimMember* leader = watched.cluster.Leader();
  for (size_t i = 0; i < watched.cluster.size(); ++i) {
    if (&watched.cluster.at(i) != leader) watched.cluster.at(i).SetDiskStalled(true);
  }
  watched.batches.clear();
  watched.Put(leader, 0);
  watched.cluster.world().RunFor(500);
  watched.Put(leader, 1);
  watched.cluster.world().RunFor(1'000);
  EXPECT_EQ(watched.batches, (std::vector<size_t>{1}));
  watched.cluster.world().RunFor(2'000);
  EXPECT_EQ(watched.batches, (std::vector<size_t>{1, 1}));
}

// The one that was gathered was never given to a core: the next leader gets it, and it takes
// effect.
TEST(Gathering, ALeaderThatIsDeposedHandsOnWhatItHolds) {
  Watched watched(4, 3'600'000'000);
  ASSERT_TRUE(watched.cluster.RunUntilSettled());
  SimMember* old = watched.cluster.Leader();
  for (size_t i = 0; i < watched.cluster.size(); ++i) {
    SimMember& other = watched.cluster.at(i);
    if (&other != old) watched.cluster.network().Cut(old->id(), other.id());
  }
  watched.Put(old, 0);
  watched.cluster.world().RunFor(500);
  watched.Put(old, 1);
  ASSERT_TRUE(watched.cluster.world().RunUntil(
      [&] { return watched.cluster.Leader() != nullptr && watched.cluster.Leader() != old; },
      20'000'000));
  watched.cluster.network().MendAll();
  ASSERT_TRUE(watched.cluster.world().RunUntil([&] { return watched.ended == 2; }, 20'000'000));
  EXPECT_EQ(watched.applied, 1u);
}

}  // namespace
}  // namespace keel::node_test
