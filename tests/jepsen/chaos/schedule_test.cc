#include "jepsen/nemesis/schedule.h"

#include <gtest/gtest.h>

#include <set>

namespace keel::jepsen {
namespace {

ScheduleOptions Options(uint64_t seed) {
  return {.seed = seed, .time_ms = 60'000, .groups = {{"a", "b", "c"}, {"d", "e"}, {}}};
}

TEST(Schedule, OneSeedGivesOneSchedule) {
  EXPECT_EQ(MakeSchedule(Options(5)), MakeSchedule(Options(5)));
  EXPECT_NE(MakeSchedule(Options(5)), MakeSchedule(Options(6)));
}

TEST(Schedule, EveryKindComesBeforeAnyComesTwice) {
  for (uint64_t seed = 1; seed < 50; seed++) {
    std::vector<std::string> first_lane;
    for (const PlannedFault& fault : MakeSchedule(Options(seed))) {
      if (fault.kind <= "c") first_lane.push_back(fault.kind);
    }
    ASSERT_GE(first_lane.size(), 3U);
    EXPECT_EQ(std::set<std::string>(first_lane.begin(), first_lane.begin() + 3).size(), 3U);
  }
}

TEST(Schedule, AllEndInTimeAndMostOfItHasTwoFaultsAtOnce) {
  for (uint64_t seed = 1; seed < 50; seed++) {
    const auto faults = MakeSchedule(Options(seed));
    for (const PlannedFault& fault : faults) {
      EXPECT_LT(fault.begin_ms, fault.end_ms);
      EXPECT_LE(fault.end_ms, 60'000U);
    }
    EXPECT_GT(OverlapMs(faults), 20'000U);
  }
}

TEST(Schedule, KindsOfOneGroupAreDealtToTwoLanes) {
  const auto faults =
      MakeSchedule({.seed = 3, .time_ms = 30'000, .groups = {{"kill", "pause"}, {}, {}}});
  EXPECT_GT(OverlapMs(faults), 5'000U);
}

TEST(Schedule, OverlapCountsWhatTwoCover) {
  EXPECT_EQ(OverlapMs({{.kind = "a", .begin_ms = 0, .end_ms = 10, .seed = 0},
                       {.kind = "b", .begin_ms = 5, .end_ms = 20, .seed = 0},
                       {.kind = "c", .begin_ms = 6, .end_ms = 8, .seed = 0}}),
            5U);
}

}  // namespace
}  // namespace keel::jepsen
