#include "base/prng.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <set>

namespace keel {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

// A changed number here means that every seed ever written down now tells another story.
TEST(Prng, ASeedMeansTheSameNumbersForever) {
  struct Golden {
    uint64_t seed;
    std::array<uint64_t, 4> numbers;
  };
  const Golden goldens[] = {
      {0, {0x99ec5f36cb75f2b4, 0xbf6e1f784956452a, 0x1a5f849d4933e6e0, 0x6aa594f1262d2d2c}},
      {1, {0xb3f2af6d0fc710c5, 0x853b559647364cea, 0x92f89756082a4514, 0x642e1c7bc266a3a7}},
      {kMax, {0x8f5520d52a7ead08, 0xc476a018caa1802d, 0x81de31c0d260469e, 0xbf658d7e065f3c2f}},
  };
  for (const Golden& golden : goldens) {
    Prng prng(golden.seed);
    for (uint64_t number : golden.numbers) EXPECT_EQ(prng.Next(), number) << golden.seed;
  }
}

TEST(Prng, BoundedNumbersAreTheSameForeverToo) {
  Prng prng(42);
  for (uint64_t number : {83, 378, 680, 924, 991, 769, 719, 850}) {
    EXPECT_EQ(prng.Below(1000), number);
  }
  for (uint64_t number : {18, 16, 17, 13, 18, 13}) EXPECT_EQ(prng.Between(10, 20), number);
}

TEST(Prng, BelowStaysBelowAndReachesEveryValue) {
  Prng prng(3);
  std::array<int, 7> seen{};
  for (int i = 0; i < 7000; ++i) ++seen.at(prng.Below(7));
  for (int count : seen) EXPECT_GT(count, 800);
}

TEST(Prng, BelowZeroAndBelowOneAreZero) {
  Prng prng(3);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(prng.Below(0), 0u);
    EXPECT_EQ(prng.Below(1), 0u);
  }
}

TEST(Prng, BetweenIncludesBothEnds) {
  Prng prng(3);
  std::set<uint64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(prng.Between(5, 8));
  EXPECT_EQ(seen, (std::set<uint64_t>{5, 6, 7, 8}));
  EXPECT_EQ(prng.Between(9, 9), 9u);
  EXPECT_EQ(prng.Between(kMax, kMax), kMax);
}

TEST(Prng, BetweenCoversAllOfTheNumbersWhenAskedTo) {
  Prng prng(3);
  std::set<uint64_t> seen;
  for (int i = 0; i < 100; ++i) seen.insert(prng.Between(0, kMax));
  EXPECT_EQ(seen.size(), 100u);
}

TEST(Prng, ChancesAreCertainAtTheirEnds) {
  Prng prng(3);
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(prng.Chance(0, 10));
    EXPECT_TRUE(prng.Chance(10, 10));
    EXPECT_TRUE(prng.OneIn(1));
  }
}

TEST(Prng, AForkIsNotDisturbedByHowMuchItsParentDraws) {
  Prng parent(9);
  Prng busy_parent(9);
  Prng fork = parent.Fork();
  Prng fork_of_busy = busy_parent.Fork();
  for (int i = 0; i < 10; ++i) (void)busy_parent.Next();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(fork.Next(), fork_of_busy.Next());
}

}  // namespace
}  // namespace keel
