#include "tests/scenarios/script.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/scenarios/runner.h"

namespace keel::raft {
namespace {

constexpr char kStory[] =
    "# A lone voter leads\n"
    "#\n"
    "# It needs nobody.\n"
    "\n"
    "cluster 1\n"
    "  1 says something stale\n"
    "quietly elect 1\n"
    "expect 1 leader term 1\n";

TEST(Script, ComesBackAsItWasWritten) {
  const Script script = Script::Parse(kStory);
  EXPECT_EQ(script.Render(), kStory);
  EXPECT_EQ(script.Title(), "A lone voter leads");
}

TEST(Script, NarrationBelongsToTheCommandAboveIt) {
  const Script script = Script::Parse(kStory);
  ASSERT_EQ(script.lines.size(), 7u);
  EXPECT_EQ(script.lines[4].text, "cluster 1");
  EXPECT_EQ(script.lines[4].narration, std::vector<std::string>{"1 says something stale"});
}

TEST(Scenario, AChangedStoryIsShownAndCanBeBlessed) {
  const ScenarioResult changed = RunScenario(kStory);
  EXPECT_TRUE(changed.IsSound());
  EXPECT_FALSE(changed.HasPassed());
  EXPECT_FALSE(changed.differences.empty());
  EXPECT_TRUE(RunScenario(changed.rewritten).HasPassed());
}

TEST(Scenario, AnUnmetExpectationFailsHoweverItIsRewritten) {
  const ScenarioResult wrong = RunScenario(std::string(kStory) + "expect 1 commit 99\n");
  EXPECT_FALSE(wrong.IsSound());
  EXPECT_FALSE(RunScenario(wrong.rewritten).IsSound());
}

TEST(Scenario, WhatMakesNoSenseIsAFinding) {
  for (const char* line : {"dance\n", "expect 7 leader\n", "advance soon\n", "cluster 1\n",
                           "deliver 1>2\n", "propose 1\n", "elect 1 2\n", "expect 1 wings\n"}) {
    EXPECT_FALSE(RunScenario(std::string(kStory) + line).IsSound()) << line;
  }
  EXPECT_FALSE(RunScenario("cluster 1\n").IsSound()) << "a story has a title";
}

}  // namespace
}  // namespace keel::raft
