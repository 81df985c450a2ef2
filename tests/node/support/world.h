// Simulated time and simulated roles: every task of every node runs on one real thread, in an order
// that a seed decides.
//
// Time moves only when nothing is left to do. An executor may take time over each task, as a disk
// does: the task waits for it, and those behind it too. An executor that is destroyed destroys what
// it did not run, as a process does when it dies. One thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/prng.h"

namespace keel::node_test {

class World;

class SimExecutor final : public Executor {
 public:
  // How long a task takes before it happens.
  struct Pace {
    uint64_t least_us = 0;
    uint64_t most_us = 0;
  };
  SimExecutor(World* world, Pace pace);
  ~SimExecutor() override;

  void Post(Task task) override;
  TimerId PostAfter(uint64_t delay_us, Task task) override;
  bool Cancel(TimerId timer) override;
  [[nodiscard]] bool IsCurrent() const override;

  // Until it is told to go on, nothing of it runs: a disk that stalls, a process that is stopped.
  void SetStalled(bool stalled) { stalled_ = stalled; }
  // From the next task on.
  void SetPace(Pace pace) { pace_ = pace; }

 private:
  friend class World;
  struct Waiting {
    Task task;
    bool paced = false;
  };
  // Whether its first task may run now.
  [[nodiscard]] bool IsReady();

  World* const world_;
  Pace pace_;
  std::deque<Waiting> queue_;
  uint64_t busy_until_us_ = 0;
  bool stalled_ = false;
};

class World {
 public:
  explicit World(uint64_t seed) : prng_(seed) {}

  [[nodiscard]] uint64_t now_us() const { return now_us_; }
  [[nodiscard]] Prng& prng() { return prng_; }

  // Runs a task, or moves time to the next thing that will happen. False if nothing ever will.
  bool RunOne();
  void RunFor(uint64_t duration_us);
  // Until `done`, or until so much time has passed: whether it was done.
  bool RunUntil(const std::function<bool()>& done, uint64_t patience_us);

 private:
  friend class SimExecutor;
  struct Timer {
    SimExecutor* executor = nullptr;
    Task task;
  };
  using Due = std::pair<uint64_t, uint64_t>;  // the time, then the order of setting

  [[nodiscard]] bool MoveTime(uint64_t limit_us);
  bool RunReady();

  Prng prng_;
  uint64_t now_us_ = 1'000'000;
  uint64_t next_timer_ = 1;
  std::vector<SimExecutor*> executors_;
  SimExecutor* current_ = nullptr;
  std::map<Due, Timer> timers_;
  std::map<uint64_t, Due> due_of_;
};

// A member's clocks: a monotonic one, which runs true unless told to run fast or slow, and wall
// clocks that disagree.
class SimClock final : public Clock {
 public:
  SimClock(const World* world, uint64_t wall_ahead_us)
      : world_(world), wall_ahead_us_(wall_ahead_us), since_us_(world->now_us()) {}
  [[nodiscard]] uint64_t MonotonicUs() const override {
    const uint64_t passed_us = world_->now_us() - since_us_;
    return shown_us_ + passed_us + passed_us * fast_millionths_ / 1'000'000 -
           passed_us * slow_millionths_ / 1'000'000;
  }
  [[nodiscard]] uint64_t WallUs() const override {
    return uint64_t{1'700'000'000'000'000} + MonotonicUs() + wall_ahead_us_;
  }

  // From now on it runs so many millionths fast, or slow.
  struct Pace {
    uint64_t fast_millionths = 0;
    uint64_t slow_millionths = 0;
  };
  void SetPace(Pace pace) {
    shown_us_ = MonotonicUs();
    since_us_ = world_->now_us();
    fast_millionths_ = pace.fast_millionths;
    slow_millionths_ = pace.slow_millionths;
  }
  void SetWallAheadUs(uint64_t wall_ahead_us) { wall_ahead_us_ = wall_ahead_us; }

 private:
  const World* const world_;
  uint64_t wall_ahead_us_;
  uint64_t since_us_;
  uint64_t shown_us_ = since_us_;
  uint64_t fast_millionths_ = 0;
  uint64_t slow_millionths_ = 0;
};

}  // namespace keel::node_test
