#include "jepsen/cluster/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstring>
#include <fstream>

#include "base/prng.h"

namespace keel::jepsen {
namespace {

// Those below are for servers of tests.
constexpr uint64_t kLowest = 22'000;
constexpr uint64_t kUsualBegin = 32'768;
constexpr int kTriesMax = 1'000;

// Where the range of outgoing connections begins.
uint64_t OutgoingBegin() {
  uint64_t begin = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> begin;
  return begin > kLowest ? begin : kUsualBegin;
}

// A name among the system's abstract sockets: it has one owner, and goes with it, however that
// ends. Negative: another has it.
int Mark(uint16_t port) {
  const std::string name = "keel-jepsen-port-" + std::to_string(port);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(&address.sun_path[1], name.data(), name.size());
  const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const int mark = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (mark < 0) return mark;
  if (::bind(mark, reinterpret_cast<const sockaddr*>(&address), bytes) == 0) return mark;
  ::close(mark);
  return -1;
}

}  // namespace

bool IsPortFree(const std::string& host, uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  // As servers do: connections that have ended do not stand in the way.
  const int yes = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  address.sin_port = htons(port);
  const bool is_free =
      ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      ::listen(descriptor, 1) == 0;
  ::close(descriptor);
  return is_free;
}

Result<std::unique_ptr<PortClaim>> PortClaim::Make(size_t count) {
  // Not from the run's seed: two runs of one seed on one machine would try the same ones.
  Prng dice(static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()) ^
            static_cast<uint64_t>(::getpid()));
  const uint64_t end = OutgoingBegin();
  std::unique_ptr<PortClaim> claim(new PortClaim());
  for (int i = 0; i < kTriesMax && claim->ports_.size() < count; i++) {
    const auto port = static_cast<uint16_t>(dice.Between(kLowest, end - 1));
    if (IsPortFree("127.0.0.1", port) && claim->Take(port)) claim->ports_.push_back(port);
  }
  if (claim->ports_.size() < count) return Unavailable("no free ports on the loopback");
  return claim;
}

PortClaim::~PortClaim() {
  for (const int mark : marks_) ::close(mark);
}

bool PortClaim::Take(uint16_t port) {
  const int mark = Mark(port);
  if (mark >= 0) marks_.push_back(mark);
  return mark >= 0;
}

}  // namespace keel::jepsen
