#include "net/asio_executor.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <iterator>
#include <limits>

#include "base/check.h"
#include "net/asio_io.h"

namespace keel::net {

namespace {

constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
// A Clock that runs faster than the machine's is noticed this soon.
constexpr uint64_t kLongestWaitUs = 1'000'000;

}  // namespace

AsioExecutor::AsioExecutor(const Clock* clock)
    : clock_(clock), armed_us_(kNever), io_(std::make_unique<Io>()) {}

// What is destroyed may cancel and post still: into the void, but not into what is being destroyed.
AsioExecutor::~AsioExecutor() {
  while (true) {
    std::vector<Task> tasks;
    std::map<Due, Task> timers;
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
    timers.swap(timers_);
    due_us_of_.clear();
    if (tasks.empty() && timers.empty()) return;
  }
}

void AsioExecutor::Run() {
  io_->context.restart();
  io_->context.run();
}

void AsioExecutor::RunReady() {
  io_->context.restart();
  io_->context.poll();
}

void AsioExecutor::Stop() { io_->context.stop(); }

void AsioExecutor::Post(Task task) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
    first = !std::exchange(awaits_run_, true);
  }
  if (first) boost::asio::post(io_->context, [this] { RunPosted(); });
}

void AsioExecutor::RunPosted() {
  {
    const std::lock_guard lock(mutex_);
    running_.swap(posted_);
    awaits_run_ = false;
  }
  size_t next = 0;
  while (next < running_.size() && !io_->context.stopped()) std::move(running_[next++]).Run();
  if (next < running_.size()) PutBack(std::span(running_).subspan(next));
  running_.clear();
}

void AsioExecutor::PutBack(std::span<Task> tasks) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    posted_.insert(posted_.begin(), std::move_iterator(tasks.begin()),
                   std::move_iterator(tasks.end()));
    first = !std::exchange(awaits_run_, true);
  }
  if (first) boost::asio::post(io_->context, [this] { RunPosted(); });
}

TimerId AsioExecutor::PostAfter(uint64_t delay_us, Task task) {
  const uint64_t now_us = clock_->MonotonicUs();
  const uint64_t due_us = delay_us < kNever - now_us ? now_us + delay_us : kNever - 1;
  uint64_t number = 0;
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    number = ++last_timer_;
    const auto placed = timers_.emplace(Due(due_us, number), std::move(task)).first;
    due_us_of_.emplace(number, due_us);
    first = placed == timers_.begin();
  }
  if (first) {
    if (IsCurrent()) {
      Arm();
    } else {
      boost::asio::post(io_->context, [this] { Arm(); });
    }
  }
  return TimerId(number);
}

bool AsioExecutor::Cancel(TimerId timer) {
  Task cancelled;  // destroyed outside of the lock
  const std::lock_guard lock(mutex_);
  const auto found = due_us_of_.find(timer.value());
  if (found == due_us_of_.end()) return false;
  auto node = timers_.extract(Due(found->second, timer.value()));
  cancelled = std::move(node.mapped());
  due_us_of_.erase(found);
  return true;
}

bool AsioExecutor::IsCurrent() const {
  return io_->context.get_executor().running_in_this_thread();
}

void AsioExecutor::Arm() {
  uint64_t due_us = kNever;
  {
    const std::lock_guard lock(mutex_);
    if (!timers_.empty()) due_us = timers_.begin()->first.first;
  }
  if (due_us >= armed_us_) return;
  armed_us_ = due_us;
  const uint64_t now_us = clock_->MonotonicUs();
  const uint64_t wait_us = due_us > now_us ? std::min(due_us - now_us, kLongestWaitUs) : 0;
  io_->timer.expires_after(std::chrono::microseconds(wait_us));
  io_->timer.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    armed_us_ = kNever;
    RunTimers();
    Arm();
  });
}

void AsioExecutor::RunTimers() {
  const uint64_t now_us = clock_->MonotonicUs();
  uint64_t newest = 0;
  {
    const std::lock_guard lock(mutex_);
    newest = last_timer_;
  }
  while (true) {
    Task task;
    {
      const std::lock_guard lock(mutex_);
      // Those set meanwhile wait for the next round, so that a timer of no delay cannot starve I/O.
      if (timers_.empty() || timers_.begin()->first > Due(now_us, newest)) return;
      auto node = timers_.extract(timers_.begin());
      due_us_of_.erase(node.key().second);
      task = std::move(node.mapped());
    }
    std::move(task).Run();
  }
}

}  // namespace keel::net
