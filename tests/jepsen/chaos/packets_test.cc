// Links that the tool carries: what becomes of packets, by a clock of the test's own; and a switch
// between sockets in the place of devices, so that it needs no rights.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "jepsen/cluster/packet_link.h"
#include "jepsen/cluster/packet_switch.h"

namespace keel::jepsen {
namespace {

class PacketLinkTest : public testing::Test {
 protected:
  void Take(const std::string& packet, uint64_t now_us) {
    link_.Take(packet,
               {.now_us = now_us, .state = &state_, .dice = &dice_, .counters = &counters_});
  }
  // All that has left by then, in its order.
  std::vector<std::string> LeftBy(uint64_t now_us) {
    std::vector<std::string> packets;
    while (const auto packet = link_.Leave(now_us)) packets.push_back(*packet);
    return packets;
  }
  using Packets = std::vector<std::string>;

  LinkState state_;
  LinkCounters counters_;
  Prng dice_{1};
  PacketLink link_;
};

TEST_F(PacketLinkTest, AWholeLinkPassesAllInItsOrderAtOnce) {
  Take("a", 10);
  Take("b", 10);
  EXPECT_EQ(LeftBy(10), Packets({"a", "b"}));
  EXPECT_EQ(link_.NextUs(), std::nullopt);
}

TEST_F(PacketLinkTest, ACutLinkPassesNothingAndWhatWasUnderWayArrives) {
  state_.delay_us = 100;
  Take("a", 0);
  state_ = {.is_cut = true};
  Take("b", 1);
  EXPECT_EQ(LeftBy(1'000'000), Packets({"a"}));
}

TEST_F(PacketLinkTest, ADelayIsPaidByEachAndVariesAsItMay) {
  state_ = {.delay_us = 1'000, .jitter_us = 500};
  for (int i = 0; i < 100; i++) Take("p", 0);
  EXPECT_TRUE(LeftBy(999).empty());
  EXPECT_GE(link_.NextUs().value(), 1'000U);
  EXPECT_GT(LeftBy(1'499).size(), 50U);
  LeftBy(1'500);
  EXPECT_EQ(link_.NextUs(), std::nullopt);
}

TEST_F(PacketLinkTest, LossIsOfSomeAndCounted) {
  state_.stalls_per_mille = 250;
  for (int i = 0; i < 1'000; i++) Take("p", 0);
  const size_t left = LeftBy(0).size();
  EXPECT_EQ(left + counters_.stalls, 1'000U);
  EXPECT_GT(counters_.stalls, 150U);
  EXPECT_LT(counters_.stalls, 350U);
}

TEST_F(PacketLinkTest, SomeComeTwice) {
  state_.duplicates_per_mille = 1'000;
  Take("a", 0);
  EXPECT_EQ(LeftBy(0), Packets({"a", "a"}));
  EXPECT_EQ(counters_.duplicates, 1U);
}

TEST_F(PacketLinkTest, WhoDoesNotWaitOvertakes) {
  state_.delay_us = 1'000;
  Take("first", 0);
  state_.reorders_per_mille = 1'000;
  Take("second", 1);
  EXPECT_EQ(LeftBy(1'000), Packets({"second", "first"}));
  EXPECT_EQ(counters_.reorders, 1U);
}

TEST_F(PacketLinkTest, ASlowLinkSendsOneAfterTheOther) {
  state_.bytes_per_second = 1'000;
  Take(std::string(100, 'a'), 0);
  Take(std::string(100, 'b'), 0);
  EXPECT_TRUE(LeftBy(99'999).empty());
  EXPECT_EQ(LeftBy(100'000).size(), 1U);
  EXPECT_TRUE(LeftBy(199'999).empty());
  EXPECT_EQ(LeftBy(200'000).size(), 1U);
}

TEST_F(PacketLinkTest, ASlowLinkHoldsASecondsWorthAndDropsTheRest) {
  state_.bytes_per_second = 1'000;
  for (int i = 0; i < 100; i++) Take(std::string(100, 'p'), 0);
  EXPECT_EQ(LeftBy(60'000'000).size(), 11U);
}

// The least that a packet of IPv4 is, for the address 10.0.0.`to`.
std::string PacketTo(uint8_t to, const std::string& text) {
  std::string packet(20, '\0');
  packet[0] = 0x45;
  packet[16] = 10;
  packet[19] = static_cast<char>(to);
  return packet + text;
}

class PacketSwitchTest : public testing::Test {
 protected:
  static constexpr uint32_t kNetwork = uint32_t{10} << 24;

  void SetUp() override {
    std::vector<PacketSwitch::End> ends;
    for (uint32_t i = 0; i < 3; i++) {
      std::array<int, 2> pair{};
      ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair.data()), 0);
      ours_[i] = pair[0];
      ends.push_back({.descriptor = pair[1], .address = kNetwork + i + 1});
    }
    auto made = PacketSwitch::Start(std::move(ends), 1);
    ASSERT_TRUE(made.ok()) << made.status();
    switch_ = *std::move(made);
  }
  void TearDown() override {
    switch_.reset();
    for (const int end : ours_) ::close(end);
  }

  void Send(size_t from, uint8_t to, const std::string& text) {
    const std::string packet = PacketTo(to, text);
    ASSERT_EQ(::send(ours_[from], packet.data(), packet.size(), 0),
              static_cast<ssize_t>(packet.size()));
  }
  // The text of the next packet, waited for.
  std::string Received(size_t at) {
    pollfd wanted{.fd = ours_[at], .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, 30'000) != 1) return "nothing";
    std::array<char, 2048> buffer{};
    const ssize_t bytes = ::recv(ours_[at], buffer.data(), buffer.size(), 0);
    return bytes < 20 ? "too short" : std::string(buffer.data() + 20, bytes - 20);
  }

  std::array<int, 3> ours_{};
  std::unique_ptr<PacketSwitch> switch_;
};

TEST_F(PacketSwitchTest, CarriesToWhomItIsFor) {
  Send(0, 2, "one");
  Send(2, 2, "two");
  Send(1, 1, "three");
  const std::string first = Received(1);
  const std::string second = Received(1);
  EXPECT_TRUE((first == "one" && second == "two") || (first == "two" && second == "one"));
  EXPECT_EQ(Received(0), "three");
}

TEST_F(PacketSwitchTest, DropsWhatIsForNobody) {
  Send(0, 77, "lost");
  const std::string no_packet = "x";
  ASSERT_EQ(::send(ours_[0], no_packet.data(), no_packet.size(), 0), 1);
  Send(0, 2, "next");
  EXPECT_EQ(Received(1), "next");
}

TEST_F(PacketSwitchTest, ACutIsOfOneDirectionAndHeals) {
  Links links(2);
  links.At({.from = 0, .to = 1}).is_cut = true;
  switch_->Apply(links);
  Send(0, 2, "cut");
  Send(0, 3, "other");  // behind it, so that the first is known to be gone
  EXPECT_EQ(Received(2), "other");
  Send(1, 1, "back");
  EXPECT_EQ(Received(0), "back");
  switch_->Apply(Links(2));
  Send(0, 2, "healed");
  EXPECT_EQ(Received(1), "healed");
}

TEST_F(PacketSwitchTest, DelayedOnesArriveWithoutMoreTraffic) {
  Links links(2);
  links.At({.from = 0, .to = 1}).delay_us = 20'000;
  switch_->Apply(links);
  const auto began = std::chrono::steady_clock::now();
  Send(0, 2, "late");
  EXPECT_EQ(Received(1), "late");
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(20));
}

TEST(Packets, DestinationIsReadFromTheHeader) {
  EXPECT_EQ(DestinationOf(PacketTo(7, "")), (uint32_t{10} << 24) + 7);
  EXPECT_EQ(DestinationOf("short"), 0U);
  EXPECT_EQ(DestinationOf(std::string(40, '\x60')), 0U) << "version 6";
}

}  // namespace
}  // namespace keel::jepsen
