#include "tests/support/step_fuzz.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/prng.h"

namespace keel::raft {
namespace {

TEST(Step, SurvivesAMillionInputsOfAnyKind) {
  Prng prng(2014);
  FuzzStory all;
  size_t stories = 0;
  for (; all.inputs < 1'000'000; ++stories) {
    std::vector<uint8_t> bytes(prng.Between(20, 3'000));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(prng.Next());
    const FuzzStory story = FuzzSteps(bytes);
    all.inputs += story.inputs;
    all.terms_led += story.terms_led;
    all.entries_applied += story.entries_applied;
  }
  EXPECT_GT(all.terms_led, stories / 4) << "too few of the cores came to lead";
  EXPECT_GT(all.entries_applied, 3 * stories) << "too little was committed";
}

TEST(Step, SurvivesSilence) {
  EXPECT_EQ(FuzzSteps({}).inputs, 0u);
  const std::vector<uint8_t> zeros(10'000, 0);
  FuzzSteps(zeros);
}

}  // namespace
}  // namespace keel::raft
