#include "tests/node/support/world.h"

#include <algorithm>
#include <utility>

namespace keel::node_test {

SimExecutor::SimExecutor(World* world, Pace pace) : world_(world), pace_(pace) {
  world_->executors_.push_back(this);
}

SimExecutor::~SimExecutor() {
  std::erase(world_->executors_, this);
  std::erase_if(world_->timers_,
                [this](const auto& timer) { return timer.second.executor == this; });
  queue_.clear();
}

void SimExecutor::Post(Task task) { queue_.push_back({std::move(task)}); }

TimerId SimExecutor::PostAfter(uint64_t delay_us, Task task) {
  const uint64_t id = world_->next_timer_++;
  const World::Due due{world_->now_us_ + delay_us, id};
  world_->timers_.emplace(due, World::Timer{this, std::move(task)});
  world_->due_of_.emplace(id, due);
  return TimerId(id);
}

bool SimExecutor::Cancel(TimerId timer) {
  const auto found = world_->due_of_.find(timer.value());
  if (found == world_->due_of_.end()) return false;
  const bool waits = world_->timers_.erase(found->second) == 1;
  world_->due_of_.erase(found);
  return waits;
}

bool SimExecutor::IsCurrent() const { return world_->current_ == this; }

bool SimExecutor::IsReady() {
  if (queue_.empty() || stalled_) return false;
  Waiting& first = queue_.front();
  if (!first.paced) {
    first.paced = true;
    if (pace_.most_us > 0) {
      busy_until_us_ = world_->now_us_ + world_->prng_.Between(pace_.least_us, pace_.most_us);
    }
  }
  return busy_until_us_ <= world_->now_us_;
}

bool World::RunReady() {
  std::vector<SimExecutor*> ready;
  for (SimExecutor* executor : executors_) {
    if (executor->IsReady()) ready.push_back(executor);
  }
  if (ready.empty()) return false;
  SimExecutor* chosen = ready[prng_.Below(ready.size())];
  Task task = std::move(chosen->queue_.front().task);
  chosen->queue_.pop_front();
  current_ = chosen;
  std::move(task).Run();
  current_ = nullptr;
  return true;
}

bool World::MoveTime(uint64_t limit_us) {
  uint64_t next_us = UINT64_MAX;
  if (!timers_.empty()) next_us = timers_.begin()->first.first;
  for (const SimExecutor* executor : executors_) {
    if (executor->queue_.empty() || executor->stalled_) continue;
    next_us = std::min(next_us, executor->busy_until_us_);
  }
  if (next_us == UINT64_MAX) return false;
  now_us_ = std::max(now_us_, std::min(next_us, limit_us));
  while (!timers_.empty() && timers_.begin()->first.first <= now_us_) {
    auto timer = timers_.extract(timers_.begin());
    due_of_.erase(timer.key().second);
    timer.mapped().executor->Post(std::move(timer.mapped().task));
  }
  return true;
}

bool World::RunOne() { return RunReady() || MoveTime(UINT64_MAX); }

void World::RunFor(uint64_t duration_us) {
  RunUntil([] { return false; }, duration_us);
}

bool World::RunUntil(const std::function<bool()>& done, uint64_t patience_us) {
  const uint64_t end_us = now_us_ + patience_us;
  while (!done()) {
    if (RunReady()) continue;
    if (now_us_ >= end_us || !MoveTime(end_us)) {
      now_us_ = std::max(now_us_, end_us);
      return done();
    }
  }
  return true;
}

}  // namespace keel::node_test
