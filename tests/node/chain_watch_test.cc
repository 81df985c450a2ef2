// Members' chain hashes against each other: who differs, and when nobody can say.
#include "server/node/chain_watch.h"

#include <gtest/gtest.h>

#include <vector>

namespace keel::node {
namespace {

using Verdict = ChainWatch::Verdict;

const NodeId kSelf(1);
const NodeId kSecond(2);
const NodeId kThird(3);
const Index kAt(1024);

raft::Config Three() { return raft::Config::OfVoters({kSelf, kSecond, kThird}); }

TEST(ChainWatch, EqualStatesSayNothing) {
  ChainWatch watch(kSelf);
  for (const NodeId member : {kSelf, kSecond, kThird}) {
    EXPECT_EQ(watch.Note(member, {kAt, 7}, Three()), Verdict::kNone);
  }
}

TEST(ChainWatch, WhoeverDiffersFromAMajorityKnowsAsSoonAsItHasSpoken) {
  ChainWatch watch(kSelf);
  EXPECT_EQ(watch.Note(kSelf, {kAt, 8}, Three()), Verdict::kNone);
  EXPECT_EQ(watch.Note(kSecond, {kAt, 7}, Three()), Verdict::kNone);
  EXPECT_EQ(watch.Note(kThird, {kAt, 7}, Three()), Verdict::kDiverged);
}

TEST(ChainWatch, WhoeverIsBehindLearnsItWhenItGetsThere) {
  ChainWatch watch(kSelf);
  EXPECT_EQ(watch.Note(kSecond, {kAt, 7}, Three()), Verdict::kNone);
  EXPECT_EQ(watch.Note(kThird, {kAt, 7}, Three()), Verdict::kNone);
  EXPECT_EQ(watch.Note(kSelf, {kAt, 8}, Three()), Verdict::kDiverged);
}

TEST(ChainWatch, AnotherThatDiffersIsItsOwnAffair) {
  ChainWatch watch(kSelf);
  EXPECT_EQ(watch.Note(kSelf, {kAt, 7}, Three()), Verdict::kNone);
  EXPECT_EQ(watch.Note(kSecond, {kAt, 7}, Three()), Verdict::kNone);
  EXPECT_EQ(watch.Note(kThird, {kAt, 8}, Three()), Verdict::kNone);
}

TEST(ChainWatch, WithoutAMajorityNobodyIsRight) {
  ChainWatch watch(kSelf);
  EXPECT_EQ(watch.Note(kSelf, {kAt, 7}, Three()), Verdict::kNone);
  EXPECT_EQ(watch.Note(kSecond, {kAt, 8}, Three()), Verdict::kNone);
  EXPECT_EQ(watch.Note(kThird, {kAt, 9}, Three()), Verdict::kNoMajority);
}

TEST(ChainWatch, ALearnerIsJudgedAndDoesNotJudge) {
  const raft::Config config = raft::Config::OfMembers({{.id = kSelf, .learns = true},
                                                       {.id = kSecond, .votes = true},
                                                       {.id = kThird, .votes = true}});
  ChainWatch watch(kSelf);
  EXPECT_EQ(watch.Note(kSelf, {kAt, 8}, config), Verdict::kNone);
  EXPECT_EQ(watch.Note(kSecond, {kAt, 7}, config), Verdict::kNone);
  EXPECT_EQ(watch.Note(kThird, {kAt, 7}, config), Verdict::kDiverged);
}

TEST(ChainWatch, StrangersAreNotHeard) {
  ChainWatch watch(kSelf);
  EXPECT_EQ(watch.Note(kSelf, {kAt, 8}, Three()), Verdict::kNone);
  for (uint64_t id = 10; id < 20; ++id) {
    EXPECT_EQ(watch.Note(NodeId(id), {kAt, 7}, Three()), Verdict::kNone);
  }
}

TEST(ChainWatch, OnlyTheNewestRoundsAreKept) {
  ChainWatch watch(kSelf);
  for (uint64_t round = 1; round <= ChainWatch::kRoundsMax + 1; ++round) {
    EXPECT_EQ(watch.Note(kSecond, {Index(1024 * round), 7}, Three()), Verdict::kNone);
  }
  // The first is forgotten: the third's word on it makes no majority.
  EXPECT_EQ(watch.Note(kSelf, {kAt, 8}, Three()), Verdict::kNone);
  EXPECT_EQ(watch.Note(kThird, {kAt, 7}, Three()), Verdict::kNone);
  EXPECT_EQ(watch.Note(kThird, {Index(2048), 7}, Three()), Verdict::kNone);
  EXPECT_EQ(watch.Note(kSelf, {Index(2048), 8}, Three()), Verdict::kDiverged);
}

TEST(ChainWatch, ANewStateBeginsAnew) {
  ChainWatch watch(kSelf);
  EXPECT_EQ(watch.Note(kSelf, {kAt, 8}, Three()), Verdict::kNone);
  watch.ForgetOwn();
  EXPECT_EQ(watch.Note(kSecond, {kAt, 7}, Three()), Verdict::kNone);
  EXPECT_EQ(watch.Note(kThird, {kAt, 7}, Three()), Verdict::kNone);
}

}  // namespace
}  // namespace keel::node
