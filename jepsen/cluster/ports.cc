#include "jepsen/cluster/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "base/prng.h"

namespace keel::jepsen {
namespace {

constexpr uint64_t kLowest = 10'000;
constexpr uint64_t kUsualBegin = 32'768;
constexpr int kTriesMax = 1'000;

// Where the range of outgoing connections begins.
uint64_t OutgoingBegin() {
  uint64_t begin = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> begin;
  return begin > kLowest ? begin : kUsualBegin;
}

bool IsFree(uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool is_bound =
      ::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  ::close(descriptor);
  return is_bound;
}

}  // namespace

Result<std::vector<uint16_t>> FreePorts(size_t count) {
  // Not from the run's seed: two runs of one seed on one machine must not meet.
  Prng dice(static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()) ^
            static_cast<uint64_t>(::getpid()));
  const uint64_t end = OutgoingBegin();
  std::vector<uint16_t> ports;
  for (int i = 0; i < kTriesMax && ports.size() < count; i++) {
    const auto port = static_cast<uint16_t>(dice.Between(kLowest, end - 1));
    if (std::find(ports.begin(), ports.end(), port) == ports.end() && IsFree(port)) {
      ports.push_back(port);
    }
  }
  if (ports.size() < count) return Unavailable("no free ports on the loopback");
  return ports;
}

}  // namespace keel::jepsen
