#include "server/scheduling.h"

#include <sched.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace keel::server {

Status ScheduleInBatches(bool batches) {
  const int policy = batches ? SCHED_BATCH : SCHED_OTHER;
  const sched_param parameters{};
  std::error_code error;
  for (std::filesystem::directory_iterator task("/proc/self/task", error), end;
       !error && task != end; task.increment(error)) {
    const int thread = std::atoi(task->path().filename().c_str());
    const int now = ::sched_getscheduler(thread);
    if (now != SCHED_OTHER && now != SCHED_BATCH) continue;
    // One that ended meanwhile needs none.
    if (::sched_setscheduler(thread, policy, &parameters) != 0 && errno != ESRCH) {
      return ErrnoStatus(errno, "sched_setscheduler");
    }
  }
  return error ? ErrnoStatus(error.value(), "/proc/self/task") : Status();
}

bool HasDefaultScheduling() { return ::sched_getscheduler(0) == SCHED_OTHER; }

void Scheduling::Start() {
  seen_ = options_.work_done();
  LookLater();
}

void Scheduling::LookLater() {
  options_.executor->PostAfter(options_.look_every_us, [this] { Look(); });
}

void Scheduling::Look() {
  LookLater();
  const uint64_t done = options_.work_done();
  const uint64_t more = done - seen_;
  seen_ = done;
  if (more > options_.much) {
    calm_ = 0;
    if (!batches_) options_.set(batches_ = true);
    return;
  }
  if (!batches_ || more >= options_.much / 2) {
    calm_ = 0;
    return;
  }
  if (++calm_ < options_.calm_looks) return;
  options_.set(batches_ = false);
}

}  // namespace keel::server
