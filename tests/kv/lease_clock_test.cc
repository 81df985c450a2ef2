#include "kv/lease/lease_clock.h"

#include <gtest/gtest.h>

namespace keel::kv {
namespace {

using Renewal = LeaseClock::Renewal;
constexpr LeaseId kLease(1);

LeaseClock ClockOf(const Lease& lease, uint64_t now_ms = 0) {
  return LeaseClock({.now_ms = now_ms, .term = Term(3), .checkpoint_every_ms = 10'000},
                    {{kLease, lease}});
}

TEST(LeaseClock, ANewLeaderGivesTheFullTtl) {
  LeaseClock clock = ClockOf({.ttl_s = 60}, 5'000);
  EXPECT_TRUE(clock.TakeExpired(64'999).ids.empty());
  const LeaseRevokeOp revoke = clock.TakeExpired(65'000);
  EXPECT_EQ(revoke.ids, std::vector<LeaseId>{kLease});
  EXPECT_EQ(revoke.leader_term, Term(3));
  EXPECT_TRUE(clock.TakeExpired(70'000).ids.empty()) << "it is proposed once";
}

TEST(LeaseClock, ACheckpointedRemainderIsCountedOn) {
  LeaseClock clock = ClockOf({.ttl_s = 60, .remaining_s = 20});
  EXPECT_EQ(clock.TakeExpired(20'000).ids.size(), 1u);
}

TEST(LeaseClock, KeepalivesWaitForTheOutcomeOfARevoke) {
  LeaseClock clock = ClockOf({.ttl_s = 60});
  const LeaseRevokeOp revoke = clock.TakeExpired(60'000);
  EXPECT_EQ(clock.Renew(kLease, 60'001), Renewal::kAwaitsRevoke);
  clock.RevokeDropped(revoke, 60'002);
  EXPECT_EQ(clock.Renew(kLease, 60'003), Renewal::kRenewed);
  EXPECT_TRUE(clock.TakeExpired(120'002).ids.empty());
  EXPECT_EQ(clock.TakeExpired(120'003).ids.size(), 1u);
  clock.Revoked(kLease);
  EXPECT_EQ(clock.Renew(kLease, 120'004), Renewal::kNotFound);
  EXPECT_EQ(clock.RemainingS(kLease, 120'004), -1);
}

TEST(LeaseClock, TheFirstRenewalAfterACheckpointClearsItInTheLog) {
  LeaseClock clock = ClockOf({.ttl_s = 60});
  const LeaseCheckpointOp checkpoint = clock.TakeCheckpoints(10'000);
  ASSERT_EQ(checkpoint.remainders.size(), 1u);
  EXPECT_EQ(checkpoint.remainders[0].remaining_s, 50u);
  EXPECT_TRUE(clock.TakeCheckpoints(10'001).remainders.empty());
  clock.Checkpointed(kLease, 50);
  EXPECT_EQ(clock.Renew(kLease, 11'000), Renewal::kClearsFirst);
  EXPECT_EQ(clock.Renew(kLease, 11'001), Renewal::kClearsFirst) << "until it is applied";
  clock.Checkpointed(kLease, 0);
  EXPECT_EQ(clock.Renew(kLease, 11'002), Renewal::kRenewed);
}

TEST(LeaseClock, ShortLeasesAreNotCheckpointed) {
  LeaseClock clock = ClockOf({.ttl_s = 10});
  EXPECT_TRUE(clock.TakeCheckpoints(10'000).remainders.empty());
}

TEST(LeaseClock, RevokesComeInBatches) {
  std::map<LeaseId, Lease> leases;
  for (uint64_t i = 1; i <= 25; ++i) leases[LeaseId(i)] = {.ttl_s = 1};
  LeaseClock clock({.now_ms = 0, .term = Term(1), .revokes_max = 10}, leases);
  EXPECT_EQ(clock.TakeExpired(1'000).ids.size(), 10u);
  EXPECT_EQ(clock.TakeExpired(1'000).ids.size(), 10u);
  EXPECT_EQ(clock.TakeExpired(1'000).ids.size(), 5u);
}

}  // namespace
}  // namespace keel::kv
