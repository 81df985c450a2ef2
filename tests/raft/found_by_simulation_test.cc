// Bugs that a seed of the simulator found, each told as the shortest story that shows it.
#include <gtest/gtest.h>

#include "tests/raft/invariants_bench.h"
#include "tests/support/cluster.h"

namespace keel::raft {
namespace {

const Config kThree = Voters({1, 2, 3});

std::unique_ptr<Raft> MakeCore(const Options& options, const Config& config) {
  return std::make_unique<Raft>(options, Restored({.last = {}, .config = Shared(config)}));
}

Message AppendOf(NodeId leader, Term term, std::vector<Entry> entries, Index commit = {}) {
  AppendRequest append{.commit = commit};
  append.entries = std::move(entries);
  return {leader, 1_node, term, append};
}

// Two voters, one of whom removes itself: it alone has the final config when it crashes. The other
// has the shorter log and needs its vote; it is no voter any more by its own log. One of them must
// be able to win.
TEST(FoundBySimulation, AMemberMayLeadUntilItsRemovalIsKnownToBeCommitted) {
  Cluster cluster;
  cluster.Bootstrap(Ids({1, 2}));
  cluster.Elect(2_node);
  cluster.Hold(1_node, 2_node);
  cluster.Change(2_node, {{.kind = ConfigOpKind::kRemove, .id = 2_node}});
  cluster.Settle();
  ASSERT_TRUE(cluster.core(1_node).config().IsJoint());
  cluster.Hold(2_node, 1_node);
  cluster.Release(1_node, 2_node);
  cluster.Settle();
  ASSERT_FALSE(cluster.core(2_node).config().IsVoter(2_node)) << "the final config is in its log";
  cluster.wire().DropAll({2_node, 1_node});
  cluster.Restart(2_node);
  cluster.Release(2_node, 1_node);
  cluster.Advance(20'000);
  EXPECT_EQ(cluster.leader(), 1_node);
  EXPECT_FALSE(cluster.core(1_node).config().IsJoint());
  EXPECT_TRUE(cluster.violations().empty());
}

TEST(FoundBySimulation, ReadsDoNotPutOffALeadersDuties) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  one.BecomeLeaderWith(2_node);
  one.Persisted();
  one.Take(one.Reply(2_node, 1_index));
  const Instant led_at = one.now();
  // A read every 30 ms, each with a round that is confirmed at once.
  for (uint64_t i = 1; i <= 10; ++i) {
    one.Pass(30);
    Output& out = one.Take(ReadRequest{{{1_node, BootId(1), i}}});
    uint64_t round = 0;
    for (const Message& message : out.send_now) {
      const auto* heartbeat = std::get_if<HeartbeatRequest>(&message.body);
      if (heartbeat != nullptr) round = heartbeat->round;
    }
    const Instant wake_at =
        one.Take(Message{2_node, 1_node, one.core().term(),
                         HeartbeatReply{.round = round, .boot = BootId(1), .commit = 1_index}})
            .wake_at;
    if (wake_at <= one.now()) return;  // the driver ticks now
  }
  FAIL() << "nobody has ticked since " << led_at.value();
}

TEST(FoundBySimulation, ASecondDamageLowersTheMatchOnceMore) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, kThree);
  one.BecomeLeaderWith(2_node);
  one.Persisted();
  const auto reply = [&](uint64_t boot, bool success, Health health) {
    return Message{3_node, 1_node, one.core().term(),
                   AppendReply{.success = success,
                               .health = health,
                               .boot = BootId(boot),
                               .match = success ? 1_index : Index(),
                               .refused = success ? Index() : 1_index}};
  };
  const auto match_of_three = [&] { return one.core().peers().back().match; };
  one.Take(reply(1, true, Health::kWhole));
  EXPECT_EQ(match_of_three(), 1_index);
  one.Take(reply(2, false, Health::kDamaged));
  EXPECT_EQ(match_of_three(), Index());
  one.Take(reply(2, true, Health::kDamaged));
  one.Take(reply(3, false, Health::kDamaged));
  EXPECT_EQ(match_of_three(), Index()) << "what it held after the first damage may be gone, too";
}

TEST(FoundBySimulation, WhoHoldsNothingTakesNothingThatSaysThatItVotes) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, Config());
  EXPECT_EQ(one.core().health(), Health::kEmpty);
  one.Secretly(Message{2_node, 1_node, 3_term, InstallSnapshot{{At(5, 2), Shared(kThree)}}});
  EXPECT_EQ(one.core().health(), Health::kEmpty);
  EXPECT_EQ(one.core().log().last(), Position());
  one.Secretly(AppendOf(2_node, 3_term, {MakeEntry(1, 2), MakeConfigEntry(2, 2, kThree)}));
  EXPECT_EQ(one.core().health(), Health::kEmpty) << "what it takes before that makes it no voter";
  EXPECT_FALSE(one.core().config().IsVoter(1_node));
}

TEST(FoundBySimulation, WhoJoinsIsWholeOnceItsLogNamesItALearner) {
  ClusterChecker checker;
  BenchMember one(&checker, 1_node, Config());
  const Config learns =
      Config::OfMembers({{.id = 1_node, .learns = true}, {.id = 2_node, .votes = true}});
  one.Secretly(AppendOf(2_node, 3_term, {MakeEntry(1, 2)}));
  EXPECT_EQ(one.core().health(), Health::kEmpty);
  one.Secretly(
      Message{2_node, 1_node, 3_term,
              AppendRequest{.prev = At(1, 2), .entries = {MakeConfigEntry(2, 3, learns)}}});
  EXPECT_EQ(one.core().health(), Health::kWhole);
}

TEST(FoundBySimulation, OneUpdateHandsOutOneBatch) {
  Options options = BenchOptions(1_node);
  options.committed_batch_bytes_max = 2 * (kEntryOverheadBytes + 1);
  options.cache_bytes_max = 3 * (kEntryOverheadBytes + 1);
  const auto core = MakeCore(options, kThree);
  Output out;
  std::vector<Entry> entries;
  for (uint64_t i = 1; i <= 5; ++i) entries.push_back(MakeEntry(i, 1));
  core->Step(std::vector<Input>{{Instant(1), AppendOf(2_node, 1_term, entries)}}, out);
  core->Step(std::vector<Input>{{Instant(1), PersistDone{out.persist.id}}}, out);
  ASSERT_TRUE(out.committed.empty());
  // The first two entries are not in memory any more; the third is, and must wait its turn.
  const std::vector<Input> commit{
      {Instant(2),
       Message{2_node, 1_node, 1_term, AppendRequest{.prev = At(5, 1), .commit = 5_index}}}};
  core->Step(commit, out);
  ASSERT_EQ(out.entries_wanted.size(), 1u);
  const EntriesFetched fetched{.peer = {}, .first = 1_index, .entries = {entries[0], entries[1]}};
  core->Step(std::vector<Input>{{Instant(3), fetched}}, out);
  EXPECT_EQ(out.committed.size(), 2u);
}

TEST(FoundBySimulation, WhatOneStepAcknowledgesAndCutsIsNotPromised) {
  const auto core = MakeCore(BenchOptions(1_node), kThree);
  Output out;
  const std::vector<Input> both{
      {Instant(1), AppendOf(2_node, 1_term, {MakeEntry(1, 1), MakeEntry(2, 1)})},
      {Instant(1), AppendOf(3_node, 2_term, {MakeEntry(1, 2)})}};
  core->Step(both, out);
  for (const Message& message : out.send_after_persist) {
    const auto* reply = std::get_if<AppendReply>(&message.body);
    ASSERT_NE(reply, nullptr);
    EXPECT_LE(reply->match, 1_index) << "entry 2 never becomes durable";
    EXPECT_EQ(message.to, 3_node);
  }
}

TEST(FoundBySimulation, ASnapshotTakesBackWhatTheSameStepHandedOut) {
  const auto core = MakeCore(BenchOptions(1_node), kThree);
  Output out;
  core->Step(std::vector<Input>{{Instant(1), AppendOf(2_node, 1_term, {MakeEntry(1, 1)})}}, out);
  const PersistId written = out.persist.id;
  const std::vector<Input> both{
      {Instant(2), PersistDone{written}},
      {Instant(2), AppendOf(2_node, 1_term, {}, 1_index)},
      {Instant(2), Message{2_node, 1_node, 1_term, InstallSnapshot{{At(9, 1), Shared(kThree)}}}}};
  core->Step(both, out);
  EXPECT_TRUE(out.persist.snapshot.has_value());
  EXPECT_TRUE(out.committed.empty());
}

}  // namespace
}  // namespace keel::raft
