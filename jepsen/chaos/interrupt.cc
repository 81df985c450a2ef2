#include "jepsen/chaos/interrupt.h"

namespace keel::jepsen {

Interrupt::Interrupt() {
  ::sigemptyset(&signals_);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&signals_, number);
  ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

bool Interrupt::Sleep(std::chrono::milliseconds time) {
  if (has_come_) return false;
  const auto deadline = std::chrono::steady_clock::now() + time;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(
        deadline - std::chrono::steady_clock::now());
    const timespec wait{.tv_sec = left.count() > 0 ? left.count() / 1'000'000'000 : 0,
                        .tv_nsec = left.count() > 0 ? left.count() % 1'000'000'000 : 0};
    if (::sigtimedwait(&signals_, nullptr, &wait) > 0) {
      has_come_ = true;
      return false;
    }
    if (left.count() <= 0) return true;
  }
}

}  // namespace keel::jepsen
