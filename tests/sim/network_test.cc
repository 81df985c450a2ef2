#include "tests/sim/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace keel::sim {
namespace {

// A network, and what arrives over it.
struct Bench {
  EventQueue queue;
  Network network{&queue, Prng(1)};

  bool Send(uint64_t number, Slot from = 0, Slot to = 1) {
    raft::Message message{.from = NodeId(from + 1), .to = NodeId(to + 1), .term = Term(number)};
    return network.Send(now, from, to, {message, nullptr});
  }
  // The terms of all that arrives, in the order of arrival.
  std::vector<uint64_t> Arrivals() {
    std::vector<uint64_t> arrivals;
    while (!queue.IsEmpty()) {
      const Event event = queue.Pop();
      last_arrival = event.at;
      arrivals.push_back(network.Take(event.argument).message.term.value());
    }
    return arrivals;
  }

  Micros now = 0;
  Micros last_arrival = 0;
};

TEST(SimNetwork, AHealthyLinkDeliversOnceInOrderAndSoon) {
  Bench bench;
  std::vector<uint64_t> sent;
  for (uint64_t i = 1; i <= 100; ++i) {
    EXPECT_TRUE(bench.Send(i));
    sent.push_back(i);
  }
  EXPECT_EQ(bench.Arrivals(), sent);
  EXPECT_LE(bench.last_arrival, 2 * kMillisecond);
}

TEST(SimNetwork, ACutIsOneWayAndAddsUp) {
  Bench bench;
  bench.network.Cut(0, 1);
  bench.network.Cut(0, 1);
  EXPECT_FALSE(bench.Send(1));
  EXPECT_TRUE(bench.Send(2, 1, 0));
  bench.network.Mend(0, 1);
  EXPECT_FALSE(bench.Send(3));
  bench.network.Mend(0, 1);
  EXPECT_TRUE(bench.Send(4));
  EXPECT_THAT(bench.Arrivals(), ::testing::UnorderedElementsAre(2u, 4u));
  EXPECT_EQ(bench.network.lost_count(), 2u);
}

TEST(SimNetwork, WeatherLosesDoublesAndReordersWhatTouchesItsHosts) {
  Bench bench;
  const auto arrivals_under = [&](WeatherKind kind, uint32_t per_mille) {
    bench.network.AddWeather({.id = 7,
                              .kind = kind,
                              .hosts = SetOf(1),
                              .per_mille = per_mille,
                              .delay_max = 50 * kMillisecond});
    for (uint64_t i = 1; i <= 200; ++i) (void)bench.Send(i);
    bench.network.RemoveWeather(7);
    return bench.Arrivals();
  };
  EXPECT_TRUE(arrivals_under(WeatherKind::kLoss, 1000).empty());
  EXPECT_EQ(arrivals_under(WeatherKind::kDuplicate, 1000).size(), 400u);
  const std::vector<uint64_t> mixed = arrivals_under(WeatherKind::kReorder, 500);
  EXPECT_EQ(mixed.size(), 200u);
  EXPECT_FALSE(std::is_sorted(mixed.begin(), mixed.end()));
  EXPECT_FALSE(bench.network.IsRough(1));
}

TEST(SimNetwork, WeatherElsewhereChangesNothing) {
  Bench bench;
  bench.network.AddWeather(
      {.id = 1, .kind = WeatherKind::kLoss, .hosts = SetOf(5), .per_mille = 1000});
  EXPECT_TRUE(bench.Send(1));
  EXPECT_TRUE(bench.network.IsRough(5));
  EXPECT_FALSE(bench.network.IsRough(0));
}

TEST(SimEventQueue, TimeOrdersAndOrderOfArrivalBreaksTies) {
  EventQueue queue;
  for (uint64_t i = 0; i < 50; ++i) queue.Push({.at = 100 - i / 10, .argument = i});
  uint64_t last_at = 0;
  uint64_t last_sequence = 0;
  while (!queue.IsEmpty()) {
    const Event event = queue.Pop();
    EXPECT_TRUE(event.at > last_at || (event.at == last_at && event.sequence > last_sequence));
    last_at = event.at;
    last_sequence = event.sequence;
  }
}

}  // namespace
}  // namespace keel::sim
