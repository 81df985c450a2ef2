// Work done in order on a thread of its own, beside the one that gives it out.
//
// At most `waiting_max` tasks wait; who gives out more waits too. The first failure is kept: tasks
// behind it are dropped, and every later Add and Wait says it. One thread at a time gives out work;
// the destructor lets what waits be done.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/status.h"

namespace keel::backup {

class Lane {
 public:
  using Task = std::function<Status()>;

  explicit Lane(size_t waiting_max);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  Status Add(Task task);
  // Until all that was added is done.
  Status Wait();

 private:
  void Run();

  const size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> waiting_;  // under mutex_
  bool busy_ = false;         // under mutex_
  bool closing_ = false;      // under mutex_
  Status failure_;            // under mutex_
  std::thread thread_;
};

}  // namespace keel::backup
