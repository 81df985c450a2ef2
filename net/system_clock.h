// The machine's own clock, for production and for tests on real sockets. Any thread.
#pragma once

#include "base/clock.h"

namespace keel::net {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] uint64_t MonotonicUs() const override;
  [[nodiscard]] uint64_t WallUs() const override;
};

}  // namespace keel::net
