#include "jepsen/nemesis/majority.h"

#include <gtest/gtest.h>

namespace keel::jepsen {
namespace {

void Cut(Links* links, size_t one, size_t other) {
  links->At({.from = one, .to = other}).is_cut = true;
  links->At({.from = other, .to = one}).is_cut = true;
}

TEST(Majority, AWholeClusterHasOne) {
  EXPECT_TRUE(HasMajority(Links(3), {true, true, true}));
  EXPECT_TRUE(HasMajority(Links(5), {true, false, true, false, true}));
}

TEST(Majority, TooManyAreDown) {
  EXPECT_FALSE(HasMajority(Links(3), {true, false, false}));
  EXPECT_FALSE(HasMajority(Links(5), {true, true, false, false, false}));
}

TEST(Majority, OneNodeInTheMiddleIsEnough) {
  Links bridge(3);
  Cut(&bridge, 0, 2);
  EXPECT_TRUE(HasMajority(bridge, {true, true, true}));
  EXPECT_FALSE(HasMajority(bridge, {true, false, true})) << "the middle is down";
}

TEST(Majority, ALinkThatIsCutOneWayIsNoTalk) {
  Links ring(3);
  for (size_t i = 0; i < 3; i++) ring.At({.from = i, .to = (i + 1) % 3}).is_cut = true;
  EXPECT_FALSE(HasMajority(ring, {true, true, true}));
}

TEST(Majority, CutsAndWhoIsDownAddUp) {
  Links links(5);
  Cut(&links, 0, 1);
  Cut(&links, 0, 2);
  Cut(&links, 0, 3);
  Cut(&links, 0, 4);
  EXPECT_TRUE(HasMajority(links, {true, true, true, true, false}));
  EXPECT_FALSE(HasMajority(links, {true, true, true, false, false}));
}

}  // namespace
}  // namespace keel::jepsen
