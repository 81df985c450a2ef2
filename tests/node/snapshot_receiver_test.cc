// A snapshot's way into a member, and what must not come between its arrival and its installation.
#include "server/node/snapshot_receiver.h"

#include <gtest/gtest.h>

#include "kv/engine/memory_engine.h"
#include "kv/mvcc/store.h"
#include "kv/snapshot/snapshot_reader.h"
#include "tests/node/support/sim_states.h"
#include "tests/node/support/world.h"

namespace keel::node_test {
namespace {

constexpr NodeId kLeader{1};
constexpr NodeId kNextLeader{2};

// All chunks of a small state at `index`.
std::vector<std::string> ChunksOfState(Index index) {
  kv::MemoryEngine engine;
  auto store = kv::Store::Open({.engine = &engine});
  EXPECT_TRUE(store.ok());
  for (Index i{1}; i <= index; i = i.Next()) {
    const kv::LogEntry entry{.kind = kv::LogEntry::Kind::kNothing, .index = i, .term = Term(1)};
    std::vector<kv::Outcome> outcomes;
    EXPECT_TRUE((*store)->Apply({&entry, 1}, &outcomes).ok());
  }
  kv::SnapshotReader reader((*store)->view(), {.chunk_bytes = 64});
  std::vector<std::string> chunks;
  for (auto chunk = reader.Next(); chunk.ok() && !chunk->empty(); chunk = reader.Next()) {
    chunks.push_back(*chunk);
  }
  return chunks;
}

class SnapshotReceiverTest : public testing::Test {
 protected:
  void Give(NodeId from, uint64_t transfer, Index at, uint64_t number, const std::string& bytes) {
    receiver_.OnChunk(from,
                      {.transfer = transfer,
                       .last = {at, Term(1)},
                       .number = number,
                       .bytes = Payload::Of(bytes)},
                      Index());
    world_.RunFor(10'000);
  }
  void GiveAll(NodeId from, uint64_t transfer, Index at) {
    const std::vector<std::string> chunks = ChunksOfState(at);
    for (size_t i = 0; i < chunks.size(); ++i) Give(from, transfer, at, i, chunks[i]);
  }

  World world_{1};
  SimExecutor role_{&world_, {}};
  SimStates states_{{}};
  node::SnapshotReceiver receiver_{{.roles = {&role_, &role_, &role_, &role_},
                                    .states = &states_,
                                    .answer = [](NodeId, const node::SnapshotAck&) {}}};
};

TEST_F(SnapshotReceiverTest, AnotherStreamTakesThePlaceOfOneThatNobodyWants) {
  GiveAll(kLeader, 7, Index(3));
  ASSERT_TRUE(receiver_.Has({Index(3), Term(1)}));
  Give(kNextLeader, 8, Index(5), 0, ChunksOfState(Index(5))[0]);
  EXPECT_FALSE(receiver_.Has({Index(3), Term(1)}));
}

// Found by keel-sim-node, seeds 10 and 23: while the vote that goes before a snapshot was being
// written, the next leader's stream took the place of the one that was to be installed.
TEST_F(SnapshotReceiverTest, NothingTakesThePlaceOfWhatTheCoreMayTake) {
  GiveAll(kLeader, 7, Index(3));
  receiver_.Hold();
  Give(kNextLeader, 8, Index(5), 0, ChunksOfState(Index(5))[0]);
  ASSERT_TRUE(receiver_.Has({Index(3), Term(1)}));
  bool is_installed = false;
  receiver_.Finish(
      [&](const Result<std::unique_ptr<kv::Engine>>& engine) { is_installed = engine.ok(); });
  world_.RunFor(10'000);
  EXPECT_TRUE(is_installed);
  // And then the next one may come.
  GiveAll(kNextLeader, 8, Index(5));
  EXPECT_TRUE(receiver_.Has({Index(5), Term(1)}));
}

TEST_F(SnapshotReceiverTest, WhatTheCoreDidNotTakeMayBeReplaced) {
  GiveAll(kLeader, 7, Index(3));
  receiver_.Hold();
  receiver_.Release();
  GiveAll(kNextLeader, 8, Index(5));
  EXPECT_TRUE(receiver_.Has({Index(5), Term(1)}));
}

}  // namespace
}  // namespace keel::node_test
