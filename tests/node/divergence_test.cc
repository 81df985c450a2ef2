// Whole members whose states have come apart: the wrong one stops, and the rest goes on; where
// nobody can say which is wrong, nothing more is written.
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "kv/mvcc/command.h"
#include "kv/mvcc/layout.h"
#include "kv/mvcc/state.h"
#include "tests/node/support/sim_cluster.h"

namespace keel::node_test {
namespace {

// As if the member had applied something else once: its disk says so while it is down.
void Falsify(SimMember* member, uint64_t difference) {
  ASSERT_TRUE(member->StopCleanly().ok());
  auto engine = member->states().OpenActive();
  ASSERT_TRUE(engine.ok());
  const kv::Layout layout(0);
  const std::string key = layout.NameKey(kv::Family::kState, kv::kStateName);
  std::string bytes;
  ASSERT_TRUE(*(*engine)->Get(key, &bytes));
  kv::StoreState state;
  ASSERT_TRUE(kv::DecodeState(bytes, &state));
  state.chain_hash ^= difference;
  kv::WriteBatch batch;
  batch.Put(key, kv::EncodeState(state));
  ASSERT_TRUE((*engine)->Write(batch, state.applied).ok());
  ASSERT_TRUE((*engine)->Sync().ok());
  engine->reset();
  ASSERT_TRUE(member->Start().ok());
}

struct Diverging {
  explicit Diverging(uint64_t seed) : cluster({.seed = seed}) {
    EXPECT_TRUE(cluster.RunUntilSettled());
    Put(10);
    EXPECT_TRUE(cluster.RunUntilEqual());
    applied = 0;
  }
  // So many puts through whoever leads; those that fail are counted, not repeated.
  void Put(size_t count) {
    size_t ended = 0;
    const kv::PutOp put{.key = "key", .value = "value"};
    for (size_t i = 0; i < count; ++i) {
      cluster.Leader()->node().Propose(
          {.command = kv::EncodeCommand({{}, put})}, [&](const node::ProposalOutcome& outcome) {
            const auto* done = std::get_if<node::Applied>(&outcome);
            ++ended;
            if (done == nullptr) return;
            done->outcome.error == kv::KvError::kNone ? ++applied : ++refused;
          });
    }
    EXPECT_TRUE(cluster.world().RunUntil([&] { return ended == count; }, 60'000'000));
    cluster.world().RunFor(1'000'000);
  }
  SimMember* Follower() {
    for (size_t i = 0; i < cluster.size(); ++i) {
      if (&cluster.at(i) != cluster.Leader()) return &cluster.at(i);
    }
    return nullptr;
  }
  size_t FailedCount() {
    size_t count = 0;
    for (size_t i = 0; i < cluster.size(); ++i) count += cluster.at(i).failure().ok() ? 0 : 1;
    return count;
  }

  SimCluster cluster;
  size_t applied = 0;
  size_t refused = 0;
};

TEST(Divergence, EqualMembersNeverNoticeAnything) {
  Diverging members(1);
  members.Put(3000);
  EXPECT_EQ(members.applied, 3000u);
  EXPECT_EQ(members.FailedCount(), 0u);
}

TEST(Divergence, AFollowerThatDiffersStopsAndSaysWhatToDo) {
  Diverging members(2);
  SimMember* wrong = members.Follower();
  Falsify(wrong, 1);
  ASSERT_TRUE(members.cluster.RunUntilSettled());
  members.Put(1500);
  EXPECT_EQ(wrong->failure().code(), Code::kDataLoss);
  EXPECT_NE(wrong->failure().message().find("replace"), std::string_view::npos);
  EXPECT_EQ(members.FailedCount(), 1u);
  EXPECT_EQ(members.applied, 1500u);
}

TEST(Divergence, ALeaderThatDiffersLeadsNoMore) {
  Diverging members(3);
  SimMember* wrong = members.Follower();
  Falsify(wrong, 1);
  ASSERT_TRUE(members.cluster.RunUntilSettled());
  ASSERT_TRUE(members.cluster.RunUntilEqual());
  members.cluster.Leader()->node().TransferLeadership(wrong->id(), [](raft::TransferOutcome) {});
  ASSERT_TRUE(members.cluster.world().RunUntil([&] { return members.cluster.Leader() == wrong; },
                                               10'000'000));
  members.Put(1500);
  EXPECT_EQ(wrong->failure().code(), Code::kDataLoss);
  EXPECT_EQ(members.FailedCount(), 1u);
  ASSERT_TRUE(members.cluster.world().RunUntil([&] { return members.cluster.Leader() != wrong; },
                                               10'000'000));
  members.applied = 0;
  members.Put(10);
  EXPECT_EQ(members.applied, 10u);
}

TEST(Divergence, WithoutAMajorityNothingMoreIsWritten) {
  Diverging members(4);
  Falsify(&members.cluster.at(0), 1);
  Falsify(&members.cluster.at(1), 2);
  ASSERT_TRUE(members.cluster.RunUntilSettled());
  members.Put(1500);
  EXPECT_EQ(members.FailedCount(), 0u);
  members.Put(1);
  EXPECT_EQ(members.refused, 1u);
}

}  // namespace
}  // namespace keel::node_test
