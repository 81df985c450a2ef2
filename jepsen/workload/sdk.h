// The clients' other way to the servers: through libkeel, which picks the member, repeats what may
// be repeated, and sends writes in sessions, where the server has them, so that they happen once.
//
// Ask belongs to the network's executor, and `done` is called there, later. libkeel has a thread of
// its own, which the destructor ends; answers that come after the executor's end are dropped.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "client/client.h"
#include "client/raw.h"
#include "jepsen/cluster/network.h"

namespace keel::jepsen {

class Sdk {
 public:
  Sdk(Network* network, size_t nodes, uint64_t seed);

  using Done = std::function<void(Result<std::string>)>;
  void Ask(std::string_view path, std::string request, uint64_t timeout_us, Done done);

 private:
  Executor* const executor_;
  client::Client client_;
};

// What libkeel may do about a failed attempt at a call.
[[nodiscard]] client::Retry RetryOf(std::string_view path);

}  // namespace keel::jepsen
