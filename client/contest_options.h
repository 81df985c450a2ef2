// How a lock is waited for and held, and an office alike.
//
// A value; any thread.
#pragma once

#include <functional>

#include "base/status.h"
#include "client/client.h"
#include "client/lease.h"
#include "client/types.h"

namespace keel::client {

struct ContestOptions {
  // How long a dead holder keeps others out.
  Seconds ttl{10};
  // For its turn to come; 0: for as long as it takes.
  Milliseconds patience{0};
  // Given: instead of a lease of its own. The holder keeps it alive.
  LeaseId lease;
  // The lease is gone, and with it what was held.
  std::function<void(const Status&)> on_lost;
  ViewOptions view;
};

}  // namespace keel::client
