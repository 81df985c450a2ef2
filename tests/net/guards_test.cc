// The small judges that know only time: token bucket, flood guard, keepalive.
#include <gtest/gtest.h>

#include "net/flood_guard.h"
#include "net/keepalive.h"
#include "net/token_bucket.h"

namespace keel::net {
namespace {

TEST(TokenBucket, AllowsABurstAndThenTheRate) {
  TokenBucket bucket({.burst = 3, .per_second = 2});
  uint64_t now_us = 77'000'000;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.Take(now_us));
  EXPECT_FALSE(bucket.Take(now_us));
  EXPECT_FALSE(bucket.Take(now_us + 499'999));
  EXPECT_TRUE(bucket.Take(now_us + 500'000));
  EXPECT_FALSE(bucket.Take(now_us + 500'000));
  now_us += 1'000'000'000'000;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.Take(now_us));
  EXPECT_FALSE(bucket.Take(now_us));
}

TEST(TokenBucket, GivesNothingForTimeThatGoesBack) {
  TokenBucket bucket({.burst = 1, .per_second = 1});
  EXPECT_TRUE(bucket.Take(10'000'000));
  EXPECT_FALSE(bucket.Take(5'000'000));
  EXPECT_FALSE(bucket.Take(10'900'000));
  EXPECT_TRUE(bucket.Take(11'000'000));
}

TEST(FloodGuard, AllowsTwoEarlyPingsAndForgivesAfterWork) {
  FloodGuard guard({});
  EXPECT_EQ(guard.OnPing(1), nullptr);
  EXPECT_EQ(guard.OnPing(2), nullptr);
  EXPECT_EQ(guard.OnPing(3), nullptr);
  guard.OnWorkSent();
  EXPECT_EQ(guard.OnPing(4), nullptr);
  EXPECT_EQ(guard.OnPing(5), nullptr);
  EXPECT_STREQ(guard.OnPing(6), "too_many_pings");
}

TEST(Keepalive, PingsAfterSilenceAndGivesUpAfterMore) {
  Keepalive keepalive({.interval_us = 100, .timeout_us = 10}, 1000);
  EXPECT_EQ(keepalive.NextWakeUs(), 1100u);
  EXPECT_EQ(keepalive.OnTime(1099), Keepalive::Action::kNone);
  EXPECT_EQ(keepalive.OnTime(1100), Keepalive::Action::kPing);
  EXPECT_EQ(keepalive.NextWakeUs(), 1110u);
  EXPECT_EQ(keepalive.OnTime(1105), Keepalive::Action::kNone);
  keepalive.OnReceived(1106);
  EXPECT_EQ(keepalive.NextWakeUs(), 1206u);
  EXPECT_EQ(keepalive.OnTime(1206), Keepalive::Action::kPing);
  EXPECT_EQ(keepalive.OnTime(1216), Keepalive::Action::kGiveUp);
}

TEST(Keepalive, OfNoIntervalNeverPings) {
  Keepalive keepalive({.interval_us = 0, .timeout_us = 10}, 1000);
  EXPECT_EQ(keepalive.NextWakeUs(), UINT64_MAX);
  EXPECT_EQ(keepalive.OnTime(1'000'000'000), Keepalive::Action::kNone);
}

}  // namespace
}  // namespace keel::net
