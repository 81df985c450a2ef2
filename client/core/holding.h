// What a Lock and an Election have in common: a lease of their own, or one that they were given.
//
// Included by their .cc files.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "client/core/core.h"
#include "client/lease.h"

namespace keel::client {

// How long a destructor waits for the cluster to hear that something is let go.
inline constexpr Milliseconds kGoodbyePatience{1'000};

struct Holding {
  LeaseId id;
  std::optional<Lease> own;
};

[[nodiscard]] inline Result<Holding> LeaseFor(const Client* client, LeaseId given, Seconds ttl,
                                              std::function<void(const Status&)> on_lost) {
  if (!given.IsNone()) return Holding{.id = given};
  KEEL_ASSIGN_OR_RETURN(Lease lease,
                        Lease::Grant(client, {.ttl = ttl, .on_lost = std::move(on_lost)}));
  const LeaseId id = lease.id();
  return Holding{.id = id, .own = std::move(lease)};
}

// For an answer that may take as long as others hold on.
[[nodiscard]] inline ViewOptions Patiently(ViewOptions view, Milliseconds patience) {
  view.timeout = patience;
  return view;
}

}  // namespace keel::client
