// A seed is a world: the same each time, with or without an audience, and never an idle one.
#include "tests/sim/runner.h"

#include <gtest/gtest.h>

#include "tests/sim/node_clock.h"

namespace keel::sim {
namespace {

TEST(SimRunner, ASeedIsTheSameRunEachTimeAndWhoListensChangesNothing) {
  for (const uint64_t seed : {3u, 8u}) {
    Story story(/*prints_at_once=*/false);
    const SeedResult once = RunSeed(MakeProfile(seed, 0), nullptr);
    const SeedResult again = RunSeed(MakeProfile(seed, 0), &story);
    EXPECT_EQ(once.trace_hash, again.trace_hash);
    EXPECT_EQ(once.simulated, again.simulated);
    EXPECT_FALSE(story.lines().empty());
  }
}

TEST(SimRunner, SeedsDiffer) {
  EXPECT_NE(RunSeed(MakeProfile(1, 0), nullptr).trace_hash,
            RunSeed(MakeProfile(2, 0), nullptr).trace_hash);
}

TEST(SimRunner, EveryClusterSizeElectsServesAndBreaksNoRule) {
  for (uint32_t voters = 1; voters <= 7; ++voters) {
    const SeedResult result = RunSeed(MakeProfile(voters, voters), nullptr);
    for (const raft::Violation& violation : result.violations) {
      ADD_FAILURE() << voters << " voters: " << violation.rule << ": " << violation.what;
    }
    EXPECT_TRUE(result.elected_under_faults);
    EXPECT_GT(result.tally.acknowledged, 100u);
    EXPECT_TRUE(result.has_finale);
    uint64_t faults = 0;
    for (const uint64_t count : result.faults) faults += count;
    EXPECT_GT(faults, 0u);
  }
}

TEST(SimNodeClock, ItShowsItsOwnTimeAndNeverGoesBack) {
  NodeClock clock(500 * kMillisecond, NodeClock::kTruePace * 11 / 10);
  EXPECT_EQ(clock.Now(0), raft::Instant(500));
  EXPECT_EQ(clock.Now(1 * kSecond), raft::Instant(1'600));
  clock.SetPace(NodeClock::kTruePace / 2, 1 * kSecond);
  EXPECT_EQ(clock.Now(1 * kSecond), raft::Instant(1'600));
  EXPECT_EQ(clock.Now(3 * kSecond), raft::Instant(2'600));
}

TEST(SimNodeClock, WhenIsTheFirstMomentThatShowsTheInstant) {
  const NodeClock clock(123'456, 987'654);
  for (uint64_t ms = 200; ms < 5'000; ms += 37) {
    const Micros at = clock.When(raft::Instant(ms), 0);
    EXPECT_GE(clock.Now(at), raft::Instant(ms));
    EXPECT_LT(clock.Now(at - 3), raft::Instant(ms));
  }
}

}  // namespace
}  // namespace keel::sim
