#include "net/asio_executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "net/system_clock.h"

namespace keel::net {
namespace {

// Stands still until it is moved; from any thread.
class HandClock final : public Clock {
 public:
  [[nodiscard]] uint64_t MonotonicUs() const override { return now_us.load(); }
  [[nodiscard]] uint64_t WallUs() const override { return now_us.load(); }
  std::atomic<uint64_t> now_us = 1'000'000;
};

TEST(AsioExecutor, RunsTasksInTheirOrderAndNeverInsidePost) {
  const SystemClock clock;
  AsioExecutor executor(&clock);
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) {
    executor.Post([&order, i] { order.push_back(i); });
  }
  executor.Post([&] {
    EXPECT_TRUE(executor.IsCurrent());
    executor.Post([&order] { order.push_back(6); });
    order.push_back(5);
  });
  EXPECT_TRUE(order.empty());
  EXPECT_FALSE(executor.IsCurrent());
  executor.RunReady();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(AsioExecutor, TakesTasksFromOtherThreads) {
  const SystemClock clock;
  AsioExecutor executor(&clock);
  int count = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        executor.Post([&] {
          if (++count == 4000) executor.Stop();
        });
      }
    });
  }
  executor.Run();
  EXPECT_EQ(count, 4000);
}

TEST(AsioExecutor, TimersFollowTheGivenClockInTheirOrder) {
  HandClock clock;
  AsioExecutor executor(&clock);
  std::vector<int> order;
  executor.PostAfter(200, [&] { order.push_back(2); });
  executor.PostAfter(100, [&] { order.push_back(0); });
  executor.PostAfter(100, [&] { order.push_back(1); });
  const TimerId far = executor.PostAfter(3'600'000'000, [&] { order.push_back(9); });
  // The machine's time passes, the clock's does not.
  for (int i = 0; i < 1000; ++i) executor.RunReady();
  EXPECT_TRUE(order.empty());
  clock.now_us += 100;
  while (order.size() < 2) executor.RunReady();
  EXPECT_EQ(order, (std::vector<int>{0, 1}));
  clock.now_us += 100;
  while (order.size() < 3) executor.RunReady();
  EXPECT_EQ(order.back(), 2);
  EXPECT_TRUE(executor.Cancel(far));
}

TEST(AsioExecutor, CancelIsExact) {
  HandClock clock;
  AsioExecutor executor(&clock);
  int ran = 0;
  const TimerId first = executor.PostAfter(10, [&] { ++ran; });
  const TimerId second = executor.PostAfter(10, [&] {
    ++ran;
    EXPECT_FALSE(executor.Cancel(first)) << "it has run";
  });
  TimerId third;
  executor.PostAfter(10, [&] { EXPECT_TRUE(executor.Cancel(third)) << "due, but not run yet"; });
  third = executor.PostAfter(10, [&] { ADD_FAILURE() << "ran although cancelled"; });
  bool done = false;
  executor.PostAfter(10, [&] { done = true; });
  EXPECT_FALSE(first.IsNone());
  EXPECT_FALSE(executor.Cancel(TimerId()));
  clock.now_us += 10;
  while (!done) executor.RunReady();
  EXPECT_EQ(ran, 2);
  EXPECT_FALSE(executor.Cancel(second));
  EXPECT_FALSE(executor.Cancel(third));
}

TEST(AsioExecutor, ATimerWithoutDelayDoesNotStarveTheRest) {
  const SystemClock clock;
  AsioExecutor executor(&clock);
  int rounds = 0;
  std::function<void()> again = [&] {
    if (++rounds < 1000) executor.PostAfter(0, [&] { again(); });
  };
  executor.PostAfter(0, [&] { again(); });
  bool posted_ran = false;
  executor.PostAfter(0, [&] { executor.Post([&] { posted_ran = rounds < 1000; }); });
  while (rounds < 1000) executor.RunReady();
  EXPECT_TRUE(posted_ran);
}

TEST(AsioExecutor, WakesForAnEarlierTimerFromAnotherThread) {
  const SystemClock clock;
  AsioExecutor executor(&clock);
  executor.PostAfter(3'600'000'000, [] {});
  std::jthread other([&] { executor.PostAfter(1000, [&] { executor.Stop(); }); });
  executor.Run();
}

TEST(AsioExecutor, AStopLeavesTheRestInItsOrder) {
  const SystemClock clock;
  AsioExecutor executor(&clock);
  std::vector<int> order;
  executor.Post([&] { order.push_back(0); });
  executor.Post([&] {
    executor.Post([&] { order.push_back(4); });
    executor.Stop();
    order.push_back(1);
  });
  executor.Post([&] { order.push_back(2); });
  executor.Post([&] { order.push_back(3); });
  executor.Run();
  EXPECT_EQ(order, (std::vector<int>{0, 1}));
  executor.RunReady();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(AsioExecutor, WhatIsDestroyedMayPostStill) {
  const SystemClock clock;
  const auto owned = std::make_shared<int>(1);
  struct PostsAtItsEnd {
    AsioExecutor* executor;
    std::shared_ptr<int> owned;
    PostsAtItsEnd(AsioExecutor* on, std::shared_ptr<int> what)
        : executor(on), owned(std::move(what)) {}
    PostsAtItsEnd(const PostsAtItsEnd&) = delete;
    PostsAtItsEnd& operator=(const PostsAtItsEnd&) = delete;
    ~PostsAtItsEnd() {
      executor->Post([owned = owned] { (void)*owned; });
      executor->Cancel(executor->PostAfter(1, [owned = owned] { (void)*owned; }));
    }
  };
  {
    AsioExecutor executor(&clock);
    executor.Post([last = std::make_unique<PostsAtItsEnd>(&executor, owned)] { (void)*last; });
  }
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(AsioExecutor, DestroysWhatNeverRan) {
  const SystemClock clock;
  const auto owned = std::make_shared<int>(1);
  {
    AsioExecutor executor(&clock);
    executor.Post([owned] { (void)*owned; });
    executor.PostAfter(0, [owned] { (void)*owned; });
    EXPECT_EQ(owned.use_count(), 3);
  }
  EXPECT_EQ(owned.use_count(), 1);
}

}  // namespace
}  // namespace keel::net
