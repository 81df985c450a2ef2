#include "backup/lane.h"

#include <utility>

namespace keel::backup {

Lane::Lane(size_t waiting_max) : waiting_max_(waiting_max), thread_([this] { Run(); }) {}

Lane::~Lane() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Status Lane::Add(Task task) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < waiting_max_ || !failure_.ok(); });
    KEEL_RETURN_IF_ERROR(failure_);
    waiting_.push_back(std::move(task));
  }
  changed_.notify_all();
  return {};
}

Status Lane::Wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.empty() && !busy_; });
  return failure_;
}

void Lane::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !waiting_.empty() || closing_; });
    if (waiting_.empty()) return;
    const Task task = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    lock.unlock();
    changed_.notify_all();
    const Status done = task();
    lock.lock();
    busy_ = false;
    if (failure_.ok() && !done.ok()) failure_ = done;
    if (!failure_.ok()) waiting_.clear();
    changed_.notify_all();
  }
}

}  // namespace keel::backup
