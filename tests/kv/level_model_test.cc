// The same commands, whichever engine stands below the store.
#include <gtest/gtest.h>

#include "tests/kv/support/model_world.h"

namespace keel::kv {
namespace {

TEST(LevelModel, BothEnginesReachTheSameHash) {
  ModelWorld memory({.engine = EngineKind::kMemory, .seed = 1});
  ModelWorld level({.engine = EngineKind::kLevel, .seed = 1});
  ASSERT_EQ(memory.Run(3'000), "");
  ASSERT_EQ(level.Run(3'000), "");
  EXPECT_EQ(memory.chain_hash(), level.chain_hash());
}

}  // namespace
}  // namespace keel::kv
