#include "server/role_threads.h"

#include <pthread.h>

namespace keel::server {

RoleThread::RoleThread(const char* name, const Clock* clock)
    : executor_(clock), thread_([this] { executor_.Run(); }) {
  ::pthread_setname_np(thread_.native_handle(), name);
}

void RoleThread::Stop() {
  if (!thread_.joinable()) return;
  // Behind what is queued, and not before Run has begun.
  executor_.Post([this] { executor_.Stop(); });
  thread_.join();
}

}  // namespace keel::server
