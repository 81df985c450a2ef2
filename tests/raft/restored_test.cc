#include "raft/restored.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/builders.h"

namespace keel::raft {
namespace {

TEST(Restored, AMemberThatJoinsKnowsNothing) {
  const Restored past;
  EXPECT_EQ(past.log().last(), Position());
  EXPECT_TRUE(past.configs().current().IsEmpty());
  EXPECT_EQ(past.applied, Index());
  EXPECT_FALSE(past.damaged);
}

TEST(Restored, StartsBehindItsSnapshotWithTheSnapshotsConfig) {
  const Restored past({.last = At(40, 3), .config = Shared(Voters({1, 2, 3}))});
  EXPECT_EQ(past.log().base(), At(40, 3));
  EXPECT_EQ(past.applied, Index(40));
  EXPECT_EQ(past.configs().current(), Voters({1, 2, 3}));
  EXPECT_EQ(past.configs().current_index(), Index(40));
}

TEST(Restored, AConfigInTheLogIsInForceCommittedOrNot) {
  Restored past({.last = {}, .config = Shared(Voters({1}))});
  past.Add(MakeEntry(1, 1));
  past.Add(MakeConfigEntry(2, 1, Voters({1, 2})));
  past.Add(MakeEntry(3, 2));
  EXPECT_EQ(past.configs().current(), Voters({1, 2}));
  EXPECT_EQ(past.configs().current_index(), Index(2));
  EXPECT_EQ(past.log().last(), At(3, 2));
}

TEST(Restored, KeepsNoMoreOfALongLogInMemoryThanItMay) {
  Restored past({.last = {}, .config = Shared(Voters({1}))});
  for (uint64_t index = 1; index <= 1'000; ++index) {
    past.Add(MakeEntry(index, 1, std::string(100, 'x')), 10'000);
    EXPECT_LE(past.log().cached_bytes(), 10'000u);
  }
  EXPECT_EQ(past.log().last(), At(1'000, 1));
  EXPECT_TRUE(past.log().IsCached(Index(1'000)));
  EXPECT_FALSE(past.log().IsCached(Index(1)));
}

TEST(RestoredDeathTest, AConfigEntryThatDoesNotDecodeIsABug) {
  Restored past;
  Entry entry = MakeEntry(1, 1, "nonsense");
  entry.kind = EntryKind::kConfig;
  EXPECT_DEATH(past.Add(entry), "decodes");
}

}  // namespace
}  // namespace keel::raft
