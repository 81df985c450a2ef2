#include "kv/engine/background_jobs.h"

#include <pthread.h>

#include <utility>

namespace keel::kv {

OwnThread::OwnThread(const char* name) : thread_([this] { Loop(); }) {
  ::pthread_setname_np(thread_.native_handle(), name);
}

OwnThread::~OwnThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void OwnThread::Add(Task job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void OwnThread::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Task job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    std::move(job).Run();
    lock.lock();
  }
}

void WhenTold::Add(Task job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
}

void WhenTold::RunAll() {
  std::unique_lock lock(mutex_);
  while (!jobs_.empty()) {
    Task job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    std::move(job).Run();
    lock.lock();
  }
}

}  // namespace keel::kv
