#include "jepsen/workload/sdk.h"

#include <algorithm>
#include <array>

namespace keel::jepsen {
namespace {

using std::chrono::milliseconds;

// Writes that a session may hold: sent again until there is an answer, and carried out once.
constexpr std::array<std::string_view, 3> kWrites = {"/etcdserverpb.KV/Put", "/etcdserverpb.KV/Txn",
                                                     "/etcdserverpb.KV/DeleteRange"};

client::Options OptionsOf(Network* network, size_t nodes, uint64_t seed) {
  client::Options options;
  options.endpoints.clear();
  for (size_t node = 0; node < nodes; node++) {
    const Network::NodePorts& ports = network->PortsOf(node);
    options.endpoints.push_back(ports.host + ":" + std::to_string(ports.client));
  }
  // Only by the ways that faults can cut.
  options.discover = false;
  options.seed = seed;
  // Calls have little time here, and members are lost all the time.
  options.attempt_timeout = milliseconds(500);
  options.backoff_max = milliseconds(250);
  return options;
}

}  // namespace

client::Retry RetryOf(std::string_view path) {
  if (path == "/etcdserverpb.KV/Range") return client::Retry::kIdempotent;
  const bool is_write = std::find(kWrites.begin(), kWrites.end(), path) != kWrites.end();
  return is_write ? client::Retry::kOnce : client::Retry::kSafe;
}

Sdk::Sdk(Network* network, size_t nodes, uint64_t seed)
    : executor_(network->executor()), client_(OptionsOf(network, nodes, seed)) {}

void Sdk::Ask(std::string_view path, std::string request, uint64_t timeout_us, Done done) {
  client::RawOptions options;
  options.retry = RetryOf(path);
  options.timeout = milliseconds(timeout_us / 1'000);
  client::StartRaw(
      client_, std::string(path), std::move(request), options,
      [executor = executor_, done = std::move(done)](Result<std::string> answer) {
        executor->Post([done, answer = std::move(answer)]() mutable { done(std::move(answer)); });
      });
}

}  // namespace keel::jepsen
