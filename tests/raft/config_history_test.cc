#include "raft/config_history.h"

#include <gtest/gtest.h>

#include "tests/support/builders.h"

namespace keel::raft {
namespace {

ConfigHistory HistoryOfThree() {
  ConfigHistory history(Index(5), Shared(Voters({1})));
  history.Append(Index(8), Shared(Voters({1, 2})));
  history.Append(Index(12), Shared(Voters({1, 2, 3})));
  return history;
}

TEST(ConfigHistory, BeginsWithNobody) {
  const ConfigHistory history;
  EXPECT_TRUE(history.current().IsEmpty());
  EXPECT_EQ(history.current_index(), Index());
}

TEST(ConfigHistory, TheLastConfigInTheLogIsInForce) {
  const ConfigHistory history = HistoryOfThree();
  EXPECT_EQ(history.current(), Voters({1, 2, 3}));
  EXPECT_EQ(history.current_index(), Index(12));
}

TEST(ConfigHistory, TellsWhatWasInForceAtEachIndex) {
  const ConfigHistory history = HistoryOfThree();
  for (uint64_t index = 5; index < 16; ++index) {
    const Config expected = index < 8    ? Voters({1})
                            : index < 12 ? Voters({1, 2})
                                         : Voters({1, 2, 3});
    EXPECT_EQ(*history.At(Index(index)), expected) << index;
  }
}

TEST(ConfigHistory, ATruncatedEntryTakesItsConfigWithIt) {
  ConfigHistory history = HistoryOfThree();
  EXPECT_FALSE(history.TruncateFrom(Index(13)));
  EXPECT_TRUE(history.TruncateFrom(Index(12)));
  EXPECT_EQ(history.current(), Voters({1, 2}));
  EXPECT_TRUE(history.TruncateFrom(Index(6)));
  EXPECT_EQ(history.current(), Voters({1}));
}

TEST(ConfigHistory, TheBaseIsNeverTruncated) {
  ConfigHistory history = HistoryOfThree();
  EXPECT_TRUE(history.TruncateFrom(Index(1)));
  EXPECT_EQ(history.current(), Voters({1}));
  EXPECT_FALSE(history.TruncateFrom(Index(1)));
}

TEST(ConfigHistory, CompactionKeepsTheConfigInForceAtItsIndex) {
  ConfigHistory history = HistoryOfThree();
  history.CompactTo(Index(11));
  EXPECT_EQ(*history.At(Index(11)), Voters({1, 2}));
  EXPECT_EQ(history.current(), Voters({1, 2, 3}));
  history.CompactTo(Index(12));
  EXPECT_FALSE(history.TruncateFrom(Index(12))) << "what was compacted is committed";
  EXPECT_EQ(history.current(), Voters({1, 2, 3}));
}

TEST(ConfigHistoryDeathTest, RefusesAConfigThatStandsBeforeTheLast) {
  ConfigHistory history = HistoryOfThree();
  EXPECT_DEATH(history.Append(Index(12), Shared(Voters({9}))), "order");
}

}  // namespace
}  // namespace keel::raft
