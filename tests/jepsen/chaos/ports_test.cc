#include "jepsen/cluster/ports.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace keel::jepsen {
namespace {

TEST(Ports, NoPortIsClaimedTwice) {
  std::set<uint16_t> seen;
  std::vector<std::unique_ptr<PortClaim>> claims;
  for (int i = 0; i < 40; i++) {
    auto claim = PortClaim::Make(50);
    ASSERT_TRUE(claim.ok()) << claim.status();
    for (const uint16_t port : (*claim)->ports()) {
      EXPECT_TRUE(seen.insert(port).second) << port;
      EXPECT_TRUE(IsPortFree("127.0.0.1", port));
    }
    claims.push_back(*std::move(claim));
  }
}

}  // namespace
}  // namespace keel::jepsen
