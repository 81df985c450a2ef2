#include "server/role_threads.h"

#include <pthread.h>
#include <unistd.h>

namespace keel::server {

RoleThread::RoleThread(const char* name, const Clock* clock, int niceness)
    : executor_(clock), thread_([this, niceness] {
        // Of this thread alone, on Linux. It may be refused, and nothing is lost by that.
        if (niceness != 0) (void)!::nice(niceness);
        executor_.Run();
      }) {
  ::pthread_setname_np(thread_.native_handle(), name);
}

void RoleThread::Stop() {
  if (!thread_.joinable()) return;
  // Behind what is queued, and not before Run has begun.
  executor_.Post([this] { executor_.Stop(); });
  thread_.join();
}

}  // namespace keel::server
