// What client_load does to a cluster while somebody else kills its members, and what must hold
// then.
//
// Each load returns whether its promise was kept, and prints one line of figures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/client.h"

namespace keel::client {

struct LoadOptions {
  std::vector<std::string> endpoints;
  uint64_t count = 1'000;
  uint64_t seconds = 10;
  uint64_t in_flight = 64;
  uint64_t seed = 1;
};

// Coroutines that each count up a key of their own, for so many seconds or, if that is 0, until
// they have done `count` operations together: no error, and each put once.
[[nodiscard]] bool LoadCoroutines(const LoadOptions& options);
// One key, put `count` times through a network that loses and repeats: it ends at that version,
// and each answer names the version that its own put made.
[[nodiscard]] bool LoadOnce(const LoadOptions& options);
// `count` changes, compacted as they go, watched: all of them, once, in order.
[[nodiscard]] bool LoadWatch(const LoadOptions& options);

// Threads of four clients that change a number under a lock and nothing else: no change is lost.
[[nodiscard]] bool LoadLocks(const LoadOptions& options);

}  // namespace keel::client
