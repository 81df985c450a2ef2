// The store against the model: random commands, reads of the present and of the past, and crashes
// in between, on both engines.
//
// kv_model_test [--operations N] [--seed S]: a failing run prints the seed to give.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "tests/kv/support/model_world.h"

namespace keel::kv {
namespace {

uint64_t operations_wanted = 30'000;
uint64_t seed_wanted = 1;

class ModelTest : public testing::TestWithParam<EngineKind> {};

TEST_P(ModelTest, TheStoreAnswersAsTheModelDoes) {
  constexpr uint64_t kOperationsOfOneWorld = 6'000;
  uint64_t seed = seed_wanted;
  for (uint64_t done = 0; done < operations_wanted; done += kOperationsOfOneWorld, ++seed) {
    ModelWorld world({.engine = GetParam(), .seed = seed});
    const std::string failure = world.Run(kOperationsOfOneWorld);
    ASSERT_EQ(failure, "") << "replay with: kv_model_test --operations 1 --seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Both, ModelTest, testing::ValuesIn(TestedEngines()),
                         [](const auto& tested) {
                           return tested.param == EngineKind::kMemory ? "Memory" : "Level";
                         });

}  // namespace
}  // namespace keel::kv

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    const uint64_t number = std::strtoull(argv[i + 1], nullptr, 10);
    if (flag == "--operations") keel::kv::operations_wanted = number;
    if (flag == "--seed") keel::kv::seed_wanted = number;
  }
  return RUN_ALL_TESTS();
}
