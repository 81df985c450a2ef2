// An Executor and a Clock that a test moves by hand: nothing runs until it says so.
#pragma once

#include <deque>
#include <map>
#include <utility>

#include "base/clock.h"
#include "base/executor.h"

namespace keel::net {

class ManualExecutor final : public Executor, public Clock {
 public:
  void Post(Task task) override { ready_.push_back(std::move(task)); }

  TimerId PostAfter(uint64_t delay_us, Task task) override {
    const TimerId id(++last_timer_);
    timers_.emplace(std::pair(now_us_ + delay_us, id.value()), std::move(task));
    return id;
  }

  bool Cancel(TimerId timer) override {
    for (auto it = timers_.begin(); it != timers_.end(); ++it) {
      if (it->first.second != timer.value()) continue;
      timers_.erase(it);
      return true;
    }
    return false;
  }

  [[nodiscard]] bool IsCurrent() const override { return true; }
  [[nodiscard]] uint64_t MonotonicUs() const override { return now_us_; }
  [[nodiscard]] uint64_t WallUs() const override { return now_us_; }

  // Runs until nothing is ready. False if nothing was.
  bool Run() {
    if (ready_.empty()) return false;
    while (!ready_.empty()) {
      Task task = std::move(ready_.front());
      ready_.pop_front();
      std::move(task).Run();
    }
    return true;
  }

  // Lets time pass, with all that becomes due in it.
  void Pass(uint64_t us) {
    const uint64_t until_us = now_us_ + us;
    Run();
    while (!timers_.empty() && timers_.begin()->first.first <= until_us) {
      now_us_ = timers_.begin()->first.first;
      auto node = timers_.extract(timers_.begin());
      std::move(node.mapped()).Run();
      Run();
    }
    now_us_ = until_us;
  }

  [[nodiscard]] size_t timers() const { return timers_.size(); }

 private:
  std::deque<Task> ready_;
  std::map<std::pair<uint64_t, uint64_t>, Task> timers_;
  uint64_t last_timer_ = 0;
  uint64_t now_us_ = 1'000'000;
};

}  // namespace keel::net
