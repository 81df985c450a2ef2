#include "base/check.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace keel {
namespace {

TEST(Check, ATrueConditionCostsNothingAndSaysNothing) {
  int evaluated = 0;
  KEEL_CHECK(++evaluated == 1) << "the message is not even built: " << ++evaluated;
  EXPECT_EQ(evaluated, 1);
}

TEST(Check, IsOneStatementInAnIfWithoutBraces) {
  bool otherwise = false;
  // NOLINTBEGIN(readability-braces-around-statements)
  if (otherwise)
    KEEL_CHECK(false) << "never reached";
  else
    otherwise = true;
  // NOLINTEND(readability-braces-around-statements)
  EXPECT_TRUE(otherwise);
}

TEST(CheckDeathTest, AFalseConditionStopsTheProcessWithPlaceConditionAndMessage) {
  const int nodes = 4;
  EXPECT_DEATH(KEEL_CHECK(nodes % 2 == 1) << "nodes=" << nodes,
               "check_test.cc:[0-9]+: CHECK failed: nodes % 2 == 1 nodes=4");
}

TEST(CheckDeathTest, IsOnInThisBuildWhicheverItIs) { EXPECT_DEATH(KEEL_CHECK(false), "false"); }

TEST(CheckDeathTest, TheHookHearsTheMessageBeforeTheEnd) {
  const auto die = [] {
    SetCheckFailureHook([](const char* message) { std::fprintf(stderr, "hook: %s\n", message); });
    KEEL_CHECK(false) << "last words";
  };
  EXPECT_DEATH(die(), "hook: .*CHECK failed: false last words");
}

}  // namespace
}  // namespace keel
