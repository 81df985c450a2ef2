// The nemesis and the network: weather, partitions, resets.
#include <utility>

#include "tests/nodesim/nemesis.h"

namespace keel::nodesim {

using sim::FaultKind;

bool Nemesis::StartWeather(FaultKind kind) {
  node_test::Network& network = stage_->cluster().network();
  node_test::Network::Weather weather = network.weather();
  const bool is_rough = prng_.OneIn(4);
  std::function<void(node_test::Network::Weather*)> clear;
  switch (kind) {
    case FaultKind::kLoss:
      weather.lost_per_mille = static_cast<uint32_t>(prng_.Between(5, is_rough ? 400 : 80));
      clear = [](auto* later) { later->lost_per_mille = 0; };
      break;
    case FaultKind::kDuplicate:
      weather.doubled_per_mille = static_cast<uint32_t>(prng_.Between(10, is_rough ? 700 : 200));
      clear = [](auto* later) { later->doubled_per_mille = 0; };
      break;
    case FaultKind::kReorder:
      weather.overtaking_per_mille = static_cast<uint32_t>(prng_.Between(10, is_rough ? 900 : 300));
      clear = [](auto* later) { later->overtaking_per_mille = 0; };
      break;
    default:
      weather.delay_us_max = prng_.Between(5'000, is_rough ? 1'000'000 : 100'000);
      clear = [](auto* later) { later->delay_us_max = 0; };
      break;
  }
  network.SetWeather(weather);
  Begin(kind, [&network, clear = std::move(clear)] {
    node_test::Network::Weather later = network.weather();
    clear(&later);
    network.SetWeather(later);
  });
  return true;
}

std::vector<NodeId> Nemesis::Shuffled() {
  std::vector<NodeId> ids;
  for (const Place& place : stage_->places()) {
    if (!place.is_retired) ids.push_back(place.member->id());
  }
  for (size_t i = ids.size(); i > 1; --i) std::swap(ids[i - 1], ids[prng_.Below(i)]);
  return ids;
}

// Every link from one side to the other that is whole; those alone are mended later.
void Nemesis::CutBetween(FaultKind kind, std::span<const NodeId> one,
                         std::span<const NodeId> other) {
  node_test::Network& network = stage_->cluster().network();
  const bool is_one_way = kind == FaultKind::kOneWay;
  std::vector<std::pair<NodeId, NodeId>> cuts;
  for (const NodeId a : one) {
    for (const NodeId b : other) {
      if (is_one_way ? network.IsCutOneWay(a, b) : network.IsCut(a, b)) continue;
      cuts.emplace_back(a, b);
      is_one_way ? network.CutOneWay(a, b) : network.Cut(a, b);
    }
  }
  Begin(kind, [&network, is_one_way, cuts] {
    for (const auto& [a, b] : cuts) is_one_way ? network.MendOneWay(a, b) : network.Mend(a, b);
  });
}

// kCut or kOneWay.
bool Nemesis::StartSplit(FaultKind kind) {
  const std::vector<NodeId> ids = Shuffled();
  if (ids.size() < 2) return false;
  const std::span all(ids);
  const size_t split = prng_.Between(1, ids.size() - 1);
  CutBetween(kind, all.first(split), all.subspan(split));
  return true;
}

// Two halves that only one member can reach both of (openraft 2080).
bool Nemesis::StartBridge() {
  const std::vector<NodeId> ids = Shuffled();
  if (ids.size() < 3) return false;
  const auto others = std::span(ids).subspan(1);  // the bridge is the first
  const size_t split = others.size() / 2;
  CutBetween(FaultKind::kBridge, others.first(split), others.subspan(split));
  return true;
}

bool Nemesis::StartReset() {
  const std::vector<NodeId> ids = Shuffled();
  if (ids.size() < 2) return false;
  for (size_t i = 1; i < ids.size(); ++i) {
    if (i == 1 || prng_.OneIn(2)) stage_->cluster().network().Reset(ids[0], ids[i]);
  }
  Count(FaultKind::kReset);
  return true;
}

}  // namespace keel::nodesim
