// The proxies: what passes, what a cut holds, what a slow link costs. Nodes are this test's own.
#include "jepsen/cluster/network.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "jepsen/cluster/peer_of.h"
#include "jepsen/cluster/ping.h"

namespace keel::jepsen {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr size_t kClients = 3;  // the end beyond the nodes
constexpr auto kPatience = milliseconds(5'000);
constexpr auto kLostAfter = milliseconds(150);

class NetworkTest : public testing::Test {
 protected:
  void SetUp() override {
    // Pings end at the network's own echo: nobody listens at these ports.
    const std::vector<Network::NodePorts> ports(3, {.peer = 1, .client = 1});
    auto network = Network::Start(ports, 1);
    ASSERT_TRUE(network.ok()) << network.status();
    network_ = *std::move(network);
  }

  std::optional<microseconds> Ping(Links::Way way, milliseconds patience = kPatience,
                                   size_t bytes = 1) {
    const Network::Ping ping{.way = way, .bytes = bytes};
    return network_->Pings(std::span(&ping, 1), patience)[0];
  }

  void Set(Links::Way way, const LinkState& state) {
    ASSERT_TRUE(network_->Change([&](Links* links) { links->At(way) = state; }).ok());
  }

  std::unique_ptr<Network> network_;
};

TEST_F(NetworkTest, WholeLinksAnswer) {
  EXPECT_TRUE(Ping({.from = 0, .to = 1}).has_value());
  EXPECT_TRUE(Ping({.from = kClients, .to = 2}).has_value());
  EXPECT_TRUE(Ping({.from = 0, .to = 1}, kPatience, 300'000).has_value());
}

TEST_F(NetworkTest, ACutIsOfOnePairAndHeals) {
  Set({.from = 0, .to = 1}, {.is_cut = true});
  EXPECT_FALSE(Ping({.from = 0, .to = 1}, kLostAfter).has_value());
  EXPECT_FALSE(Ping({.from = 1, .to = 0}, kLostAfter).has_value()) << "the echo is held";
  EXPECT_TRUE(Ping({.from = 0, .to = 2}).has_value());
  EXPECT_TRUE(Ping({.from = 2, .to = 1}).has_value());
  ASSERT_TRUE(network_->Heal().ok());
  EXPECT_TRUE(Ping({.from = 0, .to = 1}).has_value());
}

TEST_F(NetworkTest, DelayIsPaidEachWay) {
  Set({.from = 0, .to = 1}, {.delay_us = 30'000});
  EXPECT_GE(Ping({.from = 0, .to = 1}).value(), microseconds(30'000));
  Set({.from = 1, .to = 0}, {.delay_us = 30'000});
  EXPECT_GE(Ping({.from = 0, .to = 1}).value(), microseconds(60'000));
}

TEST_F(NetworkTest, BandwidthBoundsWhatPasses) {
  Set({.from = 0, .to = 1}, {.bytes_per_second = 200'000});
  EXPECT_GE(Ping({.from = 0, .to = 1}, kPatience, 40'000).value(), microseconds(200'000));
}

TEST_F(NetworkTest, LossIsCounted) {
  Set({.from = 0, .to = 1}, {.closes_per_mille = 1000});
  EXPECT_FALSE(Ping({.from = 0, .to = 1}, kPatience).has_value());
  EXPECT_EQ(network_->Counters()->closes, 1U);
  Set({.from = 0, .to = 1}, {.stalls_per_mille = 1000});
  EXPECT_GE(Ping({.from = 0, .to = 1}).value(), microseconds(200'000));
  EXPECT_GE(network_->Counters()->stalls, 1U);
}

TEST(PeerOf, ReadsTheTableOfTheSystem) {
  constexpr std::string_view kTable =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
      "inode\n"
      "   0: 0100007F:1F90 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 "
      "4711 1 0000000000000000 20 4 30 10 -1\n";
  EXPECT_EQ(InodeIn(kTable, {.local = 0x1F90, .remote = 0x50}), 4711U);
  EXPECT_EQ(InodeIn(kTable, {.local = 0x50, .remote = 0x1F90}), 0U);
}

}  // namespace
}  // namespace keel::jepsen
