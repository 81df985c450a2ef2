#include "net/system_clock.h"

#include <chrono>

namespace keel::net {

namespace {

template <class TimeClock>
uint64_t NowUs() {
  const auto since = TimeClock::now().time_since_epoch();
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(since).count());
}

}  // namespace

uint64_t SystemClock::MonotonicUs() const { return NowUs<std::chrono::steady_clock>(); }
uint64_t SystemClock::WallUs() const { return NowUs<std::chrono::system_clock>(); }

}  // namespace keel::net
