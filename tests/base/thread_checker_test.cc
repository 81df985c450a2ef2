#include "base/thread_checker.h"

#include <gtest/gtest.h>

#include <thread>

namespace keel {
namespace {

bool IsCurrentElsewhere(const ThreadChecker& checker) {
  bool answer = false;
  std::thread([&] { answer = checker.IsCurrent(); }).join();
  return answer;
}

TEST(ThreadChecker, BelongsToTheFirstThreadThatAsks) {
  const ThreadChecker checker;
  EXPECT_TRUE(checker.IsCurrent());
  EXPECT_TRUE(checker.IsCurrent());
  EXPECT_FALSE(IsCurrentElsewhere(checker));
}

TEST(ThreadChecker, MayBeBuiltOnOneThreadAndUsedOnAnother) {
  const ThreadChecker checker;
  EXPECT_TRUE(IsCurrentElsewhere(checker));
}

TEST(ThreadChecker, ADetachedOneBindsAnew) {
  ThreadChecker checker;
  EXPECT_TRUE(checker.IsCurrent());
  checker.Detach();
  bool answered = false;
  std::thread([&] {
    EXPECT_TRUE(checker.IsCurrent());
    answered = true;
    checker.Detach();
  }).join();
  EXPECT_TRUE(answered);
  EXPECT_TRUE(checker.IsCurrent());
}

}  // namespace
}  // namespace keel
