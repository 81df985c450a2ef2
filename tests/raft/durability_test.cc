#include "raft/durability.h"

#include <gtest/gtest.h>

#include "tests/support/builders.h"

namespace keel::raft {
namespace {

Vote VoteIn(uint64_t term, uint64_t candidate) { return {Term(term), NodeId(candidate)}; }

TEST(Durability, WhatWasRecoveredIsDurable) {
  const Durability durability(VoteIn(4, 2), Index(9));
  EXPECT_EQ(durability.index(), Index(9));
  EXPECT_EQ(durability.vote(), VoteIn(4, 2));
  EXPECT_TRUE(durability.IsIdle());
}

TEST(Durability, NothingInFlightMayBePromised) {
  Durability durability;
  durability.Issue(Instant(1), VoteIn(1, 1), Index(3));
  EXPECT_EQ(durability.index(), Index());
  EXPECT_EQ(durability.vote(), Vote());
  EXPECT_FALSE(durability.IsIdle());
}

TEST(Durability, NumbersPersistsFromOneAndKnowsTheOldest) {
  Durability durability;
  EXPECT_EQ(durability.Issue(Instant(10), {}, Index(1)), PersistId(1));
  EXPECT_EQ(durability.Issue(Instant(20), {}, Index(2)), PersistId(2));
  EXPECT_EQ(durability.last_issued(), PersistId(2));
  EXPECT_EQ(durability.OldestIssuedAt(), Instant(10));
  durability.Complete(PersistId(1));
  EXPECT_EQ(durability.OldestIssuedAt(), Instant(20));
}

TEST(Durability, OneCompletionVouchesForAllBeforeIt) {
  Durability durability;
  durability.Issue(Instant(1), VoteIn(1, 1), Index(3));
  durability.Issue(Instant(2), VoteIn(2, 1), Index(5));
  durability.Issue(Instant(3), VoteIn(2, 3), Index(6));
  durability.Complete(PersistId(2));
  EXPECT_EQ(durability.index(), Index(5));
  EXPECT_EQ(durability.vote(), VoteIn(2, 1));
  EXPECT_FALSE(durability.IsIdle());
}

TEST(Durability, RepeatedAndUnknownCompletionsSayNothing) {
  Durability durability(VoteIn(1, 1), Index(2));
  durability.Complete(PersistId(7));
  EXPECT_EQ(durability.index(), Index(2));
  durability.Issue(Instant(1), VoteIn(1, 1), Index(3));
  durability.Complete(PersistId(1));
  durability.Complete(PersistId(1));
  EXPECT_EQ(durability.index(), Index(3));
}

TEST(Durability, ALateCompletionNeverVouchesForWhatWasCut) {
  // rabbitmq/ra 637: the last-written index stayed where it was before the truncation.
  Durability durability;
  durability.Issue(Instant(1), {}, Index(10));
  durability.TruncateFrom(Index(4));
  durability.Complete(PersistId(1));
  EXPECT_EQ(durability.index(), Index(3));
}

TEST(Durability, WhatIsWrittenAnewAfterACutCountsOnceItsOwnPersistCompletes) {
  Durability durability;
  durability.Issue(Instant(1), {}, Index(10));
  durability.TruncateFrom(Index(4));
  durability.Issue(Instant(2), {}, Index(6));
  durability.Complete(PersistId(1));
  EXPECT_EQ(durability.index(), Index(3));
  durability.Complete(PersistId(2));
  EXPECT_EQ(durability.index(), Index(6));
}

TEST(Durability, ACutTakesBackWhatWasDurable) {
  Durability durability({}, Index(8));
  durability.TruncateFrom(Index(6));
  EXPECT_EQ(durability.index(), Index(5));
}

TEST(Durability, AReplacedLogOwesNothingToTheOldOne) {
  Durability durability({}, Index(8));
  durability.Issue(Instant(1), VoteIn(3, 1), Index(12));
  durability.Reset();
  durability.Complete(PersistId(1));
  EXPECT_EQ(durability.index(), Index());
  EXPECT_EQ(durability.vote(), VoteIn(3, 1)) << "the vote is a record of its own";
  durability.Issue(Instant(2), VoteIn(3, 1), Index(20));
  durability.Complete(PersistId(2));
  EXPECT_EQ(durability.index(), Index(20));
}

}  // namespace
}  // namespace keel::raft
