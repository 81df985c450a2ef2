#include "server/scheduling.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <future>
#include <thread>
#include <vector>

#include "tests/net/manual_executor.h"

namespace keel::server {
namespace {

constexpr uint64_t kLookUs = 100'000;

class SchedulingTest : public testing::Test {
 protected:
  SchedulingTest() { scheduling_.Start(); }

  void Work(uint64_t amount) {
    done_ += amount;
    executor_.Pass(kLookUs);
  }

  net::ManualExecutor executor_;
  uint64_t done_ = 7'000;
  std::vector<bool> set_;
  Scheduling scheduling_{{.executor = &executor_,
                          .work_done = [this] { return done_; },
                          .set = [this](bool batches) { set_.push_back(batches); },
                          .look_every_us = kLookUs,
                          .much = 500,
                          .calm_looks = 3}};
};

TEST_F(SchedulingTest, WhatWasDoneBeforeAndLittleWorkAskForNothing) {
  for (int i = 0; i < 10; ++i) Work(500);
  EXPECT_TRUE(set_.empty());
}

TEST_F(SchedulingTest, MuchWorkAsksForBatchesOnce) {
  for (int i = 0; i < 10; ++i) Work(501);
  EXPECT_EQ(set_, std::vector<bool>({true}));
}

TEST_F(SchedulingTest, CalmEndsThemOnceItLasts) {
  Work(1'000);
  for (int i = 0; i < 5; ++i) {
    Work(0);
    Work(0);
    Work(250);  // neither much nor calm
  }
  EXPECT_EQ(set_, std::vector<bool>({true}));
  for (int i = 0; i < 10; ++i) Work(249);
  EXPECT_EQ(set_, std::vector<bool>({true, false}));
  Work(501);
  EXPECT_EQ(set_, std::vector<bool>({true, false, true}));
}

TEST(ScheduleInBatches, HoldsForAllThreadsAndBack) {
  ASSERT_TRUE(HasDefaultScheduling());
  std::promise<void> end;
  std::promise<pid_t> id;
  std::thread other([&] {
    id.set_value(::gettid());
    end.get_future().wait();
  });
  const pid_t thread = id.get_future().get();
  EXPECT_EQ(ScheduleInBatches(true), Status::Ok());
  EXPECT_EQ(::sched_getscheduler(thread), SCHED_BATCH);
  EXPECT_FALSE(HasDefaultScheduling());
  EXPECT_EQ(ScheduleInBatches(false), Status::Ok());
  EXPECT_EQ(::sched_getscheduler(thread), SCHED_OTHER);
  EXPECT_TRUE(HasDefaultScheduling());
  end.set_value();
  other.join();
}

}  // namespace
}  // namespace keel::server
