#include "server/scheduling.h"

#include <sched.h>

#include <cerrno>

namespace keel::server {

Status AskForBatches() {
  if (::sched_getscheduler(0) != SCHED_OTHER) return {};
  const sched_param parameters{};
  if (::sched_setscheduler(0, SCHED_BATCH, &parameters) == 0) return {};
  return ErrnoStatus(errno, "sched_setscheduler");
}

}  // namespace keel::server
