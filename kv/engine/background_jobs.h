// Where an engine's own work (LevelDB's compactions, the sync of its log) runs.
//
// OwnThread runs each job at once on a thread of its own, and finishes all of them before it goes.
// WhenTold keeps them until RunAll, which runs them on the caller's thread: the engine calls it
// between writes, so that a simulated run does the same thing every time. Add may be called from
// any thread, under any lock.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/task.h"

namespace keel::kv {

class BackgroundJobs {
 public:
  BackgroundJobs() = default;
  BackgroundJobs(const BackgroundJobs&) = delete;
  BackgroundJobs& operator=(const BackgroundJobs&) = delete;
  virtual ~BackgroundJobs() = default;

  virtual void Add(Task job) = 0;
  // Runs what waits for the caller, and what that adds; nothing where a thread does.
  virtual void RunAll() = 0;
  // Whether a caller that must wait may sleep: only where a thread goes on meanwhile.
  [[nodiscard]] virtual bool may_sleep() const = 0;
};

class OwnThread final : public BackgroundJobs {
 public:
  // The name, of 15 bytes at most, is what tools like top show of the thread.
  explicit OwnThread(const char* name);
  ~OwnThread() override;

  void Add(Task job) override;
  void RunAll() override {}
  [[nodiscard]] bool may_sleep() const override { return true; }

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> jobs_;  // under mutex_
  bool stopping_ = false;  // under mutex_
  std::thread thread_;
};

class WhenTold final : public BackgroundJobs {
 public:
  void Add(Task job) override;
  void RunAll() override;
  [[nodiscard]] bool may_sleep() const override { return false; }

 private:
  std::mutex mutex_;
  std::deque<Task> jobs_;  // under mutex_
};

}  // namespace keel::kv
