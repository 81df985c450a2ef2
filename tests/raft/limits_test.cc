#include <gtest/gtest.h>

#include <string>

#include "tests/support/builders.h"
#include "tests/support/cluster.h"

namespace keel::raft {
namespace {

const std::vector<std::string> kNone;

std::unique_ptr<Cluster> Led(const Options& options) {
  auto cluster = std::make_unique<Cluster>(options);
  cluster->Bootstrap(Ids({1, 2, 3}));
  cluster->Elect(1_node);
  return cluster;
}

TEST(Limits, TheFirstCommandsOfABatchAreTakenAndTheRestRefused) {
  auto cluster = Led({.entry_bytes_max = 100, .uncommitted_bytes_max = 500});
  cluster->Isolate(1_node);
  cluster->Propose(1_node, std::vector<std::string>(10, std::string(52, 'x')));
  const ProposalResult& result = cluster->node(1_node).proposals.back();
  EXPECT_EQ(result.accepted, 5u) << "each costs 100 with its overhead";
  EXPECT_EQ(result.first, 2_index);
  EXPECT_EQ(result.refusal, ProposalRefusal::kUncommittedFull);
}

TEST(Limits, ACommandThatIsTooLargeIsToldSoEverywhere) {
  auto cluster = Led({.entry_bytes_max = 100});
  for (NodeId id : Ids({1, 2})) {
    cluster->Propose(id, {std::string(101, 'x')});
    EXPECT_EQ(cluster->node(id).proposals.back().refusal, ProposalRefusal::kTooLarge);
    EXPECT_EQ(cluster->node(id).proposals.back().accepted, 0u);
  }
}

TEST(Limits, AFollowerTakesNoProposals) {
  auto cluster = Led({});
  cluster->Propose(2_node, {"x"});
  EXPECT_EQ(cluster->node(2_node).proposals.back().refusal, ProposalRefusal::kNotLeader);
}

TEST(Limits, WhatALeaderTakesOverCountsAgainstItsBoundToo) {
  auto cluster = Led({.entry_bytes_max = 100, .uncommitted_bytes_max = 500});
  cluster->Hold(2_node, 1_node);
  cluster->Hold(3_node, 1_node);
  cluster->Propose(1_node, std::vector<std::string>(4, std::string(52, 'x')));
  cluster->Settle();
  cluster->Crash(1_node);
  cluster->node(3_node).disk_stalled = true;
  cluster->Campaign(2_node);
  cluster->Settle();
  cluster->CompletePersist(3_node);
  cluster->Settle();
  ASSERT_EQ(cluster->leader(), 2_node);
  EXPECT_GE(cluster->core(2_node).uncommitted_bytes(), 400u);
}

TEST(Limits, NoMessageCarriesMoreThanItMay) {
  auto cluster = Led({.message_bytes_max = 1'000});
  cluster->Hold(1_node, 2_node);
  cluster->Propose(1_node, std::vector<std::string>(100, std::string(52, 'x')));
  size_t appends = 0;
  for (const Message& message : cluster->wire().messages()) {
    const auto* append = std::get_if<AppendRequest>(&message.body);
    if (append == nullptr) continue;
    ++appends;
    EXPECT_LE(append->entries.size(), 10u);
  }
  EXPECT_GE(appends, 10u);
}

TEST(Limits, AnEntryLargerThanAMessageGoesAlone) {
  auto cluster = Led({.message_bytes_max = 100});
  cluster->Propose(1_node, {"a", std::string(5'000, 'x'), "b"});
  cluster->Settle();
  EXPECT_EQ(cluster->node(2_node).state.commands.size(), 3u);
  EXPECT_EQ(cluster->violations(), kNone);
}

// A driver reads as much as it sees fit; what goes out keeps to the limits all the same.
TEST(Limits, WhatIsFetchedToApplyIsCutToABatch) {
  auto cluster = Led({.committed_batch_bytes_max = 200, .cache_bytes_max = 0});
  Node& one = cluster->node(1_node);
  one.apply_paused = true;
  one.fetches_by_hand = true;
  cluster->Propose(1_node, std::vector<std::string>(10, std::string(52, 'x')));
  cluster->Settle();
  const Index first = cluster->core(1_node).delivered().Next();
  const std::vector<Entry> all = one.disk.Read(first, SIZE_MAX);
  ASSERT_GE(all.size(), 5u);
  const size_t before = one.to_apply.size();
  cluster->Step(1_node, EntriesFetched{.peer = {}, .first = first, .entries = all});
  EXPECT_EQ(one.to_apply.size(), before + 2);
  EXPECT_EQ(cluster->violations(), kNone);
}

// What a driver reads may go beyond what is committed; thrown away, it would be asked for for ever.
TEST(Limits, AFetchBeyondTheCommitIsUsedAsFarAsThat) {
  Options options{.id = 1_node, .boot = BootId(1), .seed = 1};
  options.cache_bytes_max = 0;
  Raft core(options, Restored({.last = {}, .config = Shared(Voters({1, 2, 3}))}));
  std::vector<Entry> entries;
  for (uint64_t i = 1; i <= 5; ++i) entries.push_back(MakeEntry(i, 1));
  Output out;
  const auto take = [&](Event event) {
    core.Step(std::vector<Input>{{Instant(1), std::move(event)}}, out);
  };
  AppendRequest append{.entries = entries};
  take(Message{2_node, 1_node, 1_term, append});
  take(PersistDone{out.persist.id});
  append = {.prev = At(5, 1), .commit = 2_index};
  take(Message{2_node, 1_node, 1_term, append});
  ASSERT_EQ(out.entries_wanted.size(), 1u);
  take(EntriesFetched{.peer = {}, .first = 1_index, .entries = entries});
  EXPECT_EQ(out.committed.size(), 2u);
  EXPECT_TRUE(out.entries_wanted.empty());
}

TEST(Limits, WhatIsFetchedForAFollowerIsCutToAMessage) {
  auto cluster = Led({.message_bytes_max = 300, .cache_bytes_max = 0});
  cluster->Crash(3_node);
  cluster->Propose(1_node, std::vector<std::string>(10, std::string(52, 'x')));
  cluster->Advance(3'000);
  Node& one = cluster->node(1_node);
  one.fetches_by_hand = true;
  cluster->Start(3_node);
  cluster->Advance(300);
  ASSERT_FALSE(one.entries_wanted.empty());
  const EntriesWanted wish = one.entries_wanted.back();
  ASSERT_EQ(wish.peer, 3_node);
  cluster->Hold(1_node, 3_node);
  cluster->Step(1_node, EntriesFetched{.peer = 3_node,
                                       .first = wish.first,
                                       .entries = one.disk.Read(wish.first, SIZE_MAX)});
  const Message sent = cluster->wire().messages().back();
  EXPECT_EQ(std::get<AppendRequest>(sent.body).entries.size(), 3u);
  EXPECT_EQ(cluster->violations(), kNone);
}

TEST(Limits, OneUpdateHandsOutNoMoreThanABatch) {
  auto cluster = Led({.committed_batch_bytes_max = 500});
  cluster->node(1_node).apply_paused = true;
  cluster->Propose(1_node, std::vector<std::string>(50, std::string(52, 'x')));
  cluster->Settle();
  const uint64_t handed_out = cluster->core(1_node).delivered() - cluster->core(1_node).applied();
  EXPECT_LE(handed_out, 50u);
  cluster->node(1_node).apply_paused = false;
  cluster->Settle();
  EXPECT_EQ(cluster->node(1_node).state.commands.size(), 50u);
}

TEST(Limits, WhatIsHandedOutAndNotAppliedHasABound) {
  auto cluster = Led({.unapplied_bytes_max = 1'000, .committed_batch_bytes_max = 400});
  cluster->node(2_node).apply_paused = true;
  for (int i = 0; i < 100; ++i) {
    cluster->Propose(1_node, {std::string(52, 'x')});
    cluster->Settle();
    // One batch may begin just below the bound.
    ASSERT_LE(cluster->core(2_node).unapplied_bytes(), 1'400u);
  }
  cluster->node(2_node).apply_paused = false;
  cluster->Settle();
  EXPECT_EQ(cluster->node(2_node).state.commands.size(), 100u);
}

// cockroach 90314: what is kept for a follower that is gone must not grow with what it misses.
TEST(Limits, MemoryForADeadFollowerIsBounded) {
  const Options options{.message_bytes_max = 4'000,
                        .inflight_bytes_max = 20'000,
                        .inflight_messages_max = 16,
                        .cache_bytes_max = 50'000};
  auto cluster = Led(options);
  cluster->Propose(1_node, {"x"});
  cluster->Settle();
  cluster->Crash(3_node);
  for (int i = 0; i < 200; ++i) {
    cluster->Propose(1_node, std::vector<std::string>(20, std::string(80, 'x')));
    cluster->Settle();
    const Progress& dead = cluster->core(1_node).peers().back();
    ASSERT_LE(dead.inflight.messages(), options.inflight_messages_max);
    ASSERT_LT(dead.inflight.bytes(), options.inflight_bytes_max + options.message_bytes_max);
    ASSERT_LE(cluster->core(1_node).log().cached_bytes(), options.cache_bytes_max);
  }
  EXPECT_EQ(cluster->core(1_node).commit(), Index(2 + 200 * 20));
  cluster->Start(3_node);
  cluster->Advance(2'000);
  EXPECT_EQ(cluster->node(3_node).state.commands.size(), 1 + 200u * 20);
  EXPECT_EQ(cluster->violations(), kNone);
}

TEST(Limits, ManyElectionsCostNoMemoryBehindTheBase) {
  Cluster cluster;
  cluster.Bootstrap(Ids({1, 2, 3}));
  for (int i = 0; i < 30; ++i) {
    cluster.Elect(NodeId(1 + i % 3));
    cluster.Settle();
  }
  EXPECT_GE(cluster.core(1_node).log().term_run_count(), 20u);
  cluster.Compact(1_node, cluster.core(1_node).applied());
  EXPECT_LE(cluster.core(1_node).log().term_run_count(), 1u);
}

}  // namespace
}  // namespace keel::raft
