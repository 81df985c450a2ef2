#include "server/node/compaction.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kv/engine/memory_engine.h"
#include "tests/node/support/world.h"

namespace keel::node {
namespace {

constexpr uint64_t kPuts = 20;
const Revision kCompacted(kPuts);

// The state after `kPuts` puts of one key, compacted but for the last one, with nothing freed yet.
std::unique_ptr<kv::MemoryEngine> Uncompacted() {
  auto engine = std::make_unique<kv::MemoryEngine>();
  auto store = kv::Store::Open({.engine = engine.get()});
  EXPECT_TRUE(store.ok()) << store.status();
  uint64_t index = 0;
  const auto apply = [&](kv::Operation operation) {
    const std::string payload = kv::EncodeCommand({.operation = std::move(operation)});
    const kv::LogEntry entry{.index = Index(++index), .term = Term(1), .payload = payload};
    std::vector<kv::Outcome> outcomes;
    EXPECT_TRUE((*store)->Apply(std::span(&entry, 1), &outcomes).ok());
  };
  for (uint64_t i = 0; i < kPuts; ++i) apply(kv::PutOp{.key = "a", .value = "v"});
  apply(kv::CompactOp{kCompacted});
  return engine;
}

// How many records tell of changes: two when all that is compacted is freed.
size_t RecordsIn(kv::Engine* engine) {
  const std::string family = kv::Layout(0).Prefix(kv::Family::kRevisions);
  const auto iterator = engine->Iterate({});
  size_t records = 0;
  for (iterator->Seek(family); iterator->Valid() && iterator->key().starts_with(family);
       iterator->Next()) {
    ++records;
  }
  return records;
}

class CompactionLoopTest : public testing::Test {
 protected:
  CompactionLoopTest() {
    auto engine = Uncompacted();
    engine_ = engine.get();
    auto machine = StateMachine::Open({.self = NodeId(1)}, std::move(engine));
    EXPECT_TRUE(machine.ok()) << machine.status();
    machine_ = std::move(machine).value();
  }

  node_test::World world_{1};
  node_test::SimExecutor node_{&world_, {}};
  node_test::SimExecutor pool_{&world_, {}};
  kv::Engine* engine_ = nullptr;  // the machine's
  std::unique_ptr<StateMachine> machine_;
  CompactionLoop loop_{
      {.roles = {.node = &node_, .pool = &pool_},
       .on_failed = [](const Status& failure) { ADD_FAILURE() << failure.ToString(); }}};
};

TEST_F(CompactionLoopTest, FreesWhatIsCompactedAndTellsWhoWaits) {
  ASSERT_EQ(RecordsIn(engine_), kPuts);
  std::optional<Status> told;
  loop_.Await(machine_.get(), [&](const Status& status) { told = status; });
  world_.RunFor(1'000'000);
  EXPECT_EQ(RecordsIn(engine_), 2u);
  ASSERT_TRUE(told.has_value());
  EXPECT_TRUE(told->ok()) << *told;
}

// The old state's last step is over, and nobody knows yet, when a snapshot takes its place.
TEST_F(CompactionLoopTest, AStateThatComesWhileAStepIsUnderWayIsFreedAsWell) {
  std::optional<Status> told;
  loop_.Await(machine_.get(), [&](const Status& status) {
    told = status;
    EXPECT_EQ(RecordsIn(engine_), 2u) << "told before it was so";
  });
  node_.SetStalled(true);
  world_.RunFor(1'000'000);
  ASSERT_EQ(RecordsIn(engine_), 2u);
  auto other = Uncompacted();
  engine_ = other.get();
  ASSERT_TRUE(machine_->Install(std::move(other)).ok());
  loop_.Reset();
  ASSERT_EQ(RecordsIn(engine_), kPuts);
  node_.SetStalled(false);
  world_.RunFor(1'000'000);
  loop_.Advance(machine_.get());
  world_.RunFor(1'000'000);
  EXPECT_EQ(RecordsIn(engine_), 2u);
  ASSERT_TRUE(told.has_value());
  EXPECT_TRUE(told->ok()) << *told;
}

}  // namespace
}  // namespace keel::node
