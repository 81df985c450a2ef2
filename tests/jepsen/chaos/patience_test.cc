#include "jepsen/cluster/patience.h"

#include <gtest/gtest.h>

namespace keel::jepsen {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Patience, ItEndsWithItsTime) {
  Patience patience(seconds(60));
  for (int i = 0; i < 59; i++) patience.Count(seconds(1));
  EXPECT_FALSE(patience.IsOver());
  patience.Count(seconds(1));
  EXPECT_TRUE(patience.IsOver());
}

TEST(Patience, AStandstillIsNotWaiting) {
  Patience patience(seconds(60));
  for (int i = 0; i < 19; i++) patience.Count(hours(1));
  EXPECT_FALSE(patience.IsOver());
  patience.Count(hours(1));
  EXPECT_TRUE(patience.IsOver()) << "whoever stands still again and again is given up, too";
}

TEST(Patience, NoneIsOverAtOnce) { EXPECT_TRUE(Patience(milliseconds(0)).IsOver()); }

}  // namespace
}  // namespace keel::jepsen
