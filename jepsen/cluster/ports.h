// Ports of the loopback that nobody uses now, outside of the range from which the system picks
// ports for outgoing connections: a node that is down for a while finds its port free again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace keel::jepsen {

// Ports that other runs of this tool on the machine do not take as long as it lives.
class PortClaim {
 public:
  static Result<std::unique_ptr<PortClaim>> Make(size_t count);
  PortClaim(const PortClaim&) = delete;
  PortClaim& operator=(const PortClaim&) = delete;
  ~PortClaim();

  [[nodiscard]] const std::vector<uint16_t>& ports() const { return ports_; }

 private:
  PortClaim() = default;
  [[nodiscard]] bool Take(uint16_t port);

  std::vector<uint16_t> ports_;
  std::vector<int> marks_;
};

// Whether a server could listen there now.
[[nodiscard]] bool IsPortFree(const std::string& host, uint16_t port);

}  // namespace keel::jepsen
