// The seam to threads and timers: a role (I/O, node, log writer, apply) is an Executor, and roles
// talk by posting to one another.
//
// Contract. Tasks of one executor never run at the same time, so what only they touch needs no
// lock. Posted tasks run in the order of posting, later and never inside Post; Post and PostAfter
// may be called from any thread and never block. A timer's task runs no earlier than its delay by
// the clock that the executor was built with, and timers due at the same instant run in the order
// in which they were set. Cancel belongs to the executor's own tasks, and there it is exact: when
// it returns true the task will not run. An executor that is going away destroys what it did not
// run, on its own thread or after that has ended. It outlives all who borrow it.
//
// Simulation runs every role of every node on one real thread by an executor that picks the next
// task from a seed; code that keeps to this contract cannot tell.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/task.h"

namespace keel {

using TimerId = Name<struct TimerIdTag>;

class Executor {
 public:
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  virtual ~Executor() = default;

  virtual void Post(Task task) = 0;

  // Never returns the none id.
  virtual TimerId PostAfter(uint64_t delay_us, Task task) = 0;

  // False when the task has run, is running, or was cancelled before; the none id is always false.
  virtual bool Cancel(TimerId timer) = 0;

  // Whether the caller is one of this executor's tasks: for checks that hold a class to its role.
  [[nodiscard]] virtual bool IsCurrent() const = 0;
};

}  // namespace keel
