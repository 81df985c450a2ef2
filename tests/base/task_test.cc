#include "base/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

namespace keel {
namespace {

TEST(Task, RunsItsWorkOnce) {
  int runs = 0;
  Task task = [&runs] { ++runs; };
  EXPECT_TRUE(static_cast<bool>(task));
  std::move(task).Run();
  EXPECT_EQ(runs, 1);
  EXPECT_FALSE(static_cast<bool>(task));
}

TEST(Task, OwnsWhatCanOnlyBeMoved) {
  int seen = 0;
  Task task = [box = std::make_unique<int>(7), &seen] { seen = *box; };
  Task moved = std::move(task);
  std::move(moved).Run();
  EXPECT_EQ(seen, 7);
}

TEST(Task, LetsGoOfWhatItOwnsWhetherItRanOrNot) {
  const auto owned = std::make_shared<int>(7);
  {
    const Task never_run = [owned] {};
    EXPECT_EQ(owned.use_count(), 2);
  }
  EXPECT_EQ(owned.use_count(), 1);
  Task task = [owned] {};
  std::move(task).Run();
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(Task, MayReplaceItselfWhileItRuns) {
  int runs = 0;
  Task task;
  task = [&] {
    ++runs;
    task = [&] { ++runs; };
  };
  std::move(task).Run();
  std::move(task).Run();
  EXPECT_EQ(runs, 2);
}

TEST(TaskDeathTest, RunningAnEmptyTaskIsABug) {
  EXPECT_DEATH(Task().Run(), "an empty task was run");
  Task task = [] {};
  std::move(task).Run();
  EXPECT_DEATH(std::move(task).Run(), "an empty task was run");
}

}  // namespace
}  // namespace keel
