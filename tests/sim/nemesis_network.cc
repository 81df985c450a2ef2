// The nemesis's faults of the network.
#include <utility>

#include "tests/sim/nemesis.h"

namespace keel::sim {

bool Nemesis::StartWeather(WeatherKind kind, FaultKind fault) {
  Weather weather{.id = last_id_ + 1, .kind = kind};
  const bool everywhere = prng_.OneIn(3);
  weather.hosts = everywhere ? ~SlotSet{0} : SetOf(PickUp() ? PickUp()->slot() : 0);
  weather.per_mille = static_cast<uint32_t>(prng_.Between(20, 400));
  if (kind == WeatherKind::kReorder) weather.delay_max = prng_.Between(2, 30) * kMillisecond;
  if (kind == WeatherKind::kDelay) {
    weather.per_mille = static_cast<uint32_t>(prng_.Between(50, 1000));
    weather.delay_max = prng_.OneIn(3) ? prng_.Between(500, 3'000) * kMillisecond
                                       : prng_.Between(20, 300) * kMillisecond;
  }
  world_->network().AddWeather(weather);
  Begin(fault, Duration(), [this, id = weather.id] { world_->network().RemoveWeather(id); });
  return true;
}

void Nemesis::CutBetween(SlotSet a, SlotSet b, std::vector<std::pair<Slot, Slot>>* cuts) {
  const auto count = static_cast<Slot>(world_->hosts().size());
  for (Slot from = 0; from < count; ++from) {
    for (Slot to = 0; to < count; ++to) {
      if ((a & SetOf(from)) != 0 && (b & SetOf(to)) != 0 && from != to) cuts->push_back({from, to});
    }
  }
}

void Nemesis::BeginCuts(FaultKind kind, std::vector<std::pair<Slot, Slot>> cuts) {
  for (const auto& [from, to] : cuts) world_->network().Cut(from, to);
  Begin(kind, Duration(), [this, ends = std::move(cuts)] {
    for (const auto& [from, to] : ends) world_->network().Mend(from, to);
  });
}

bool Nemesis::StartCut() {
  const size_t count = world_->hosts().size();
  if (count < 2) return false;
  SlotSet side = prng_.Next() & (SetOf(static_cast<Slot>(count)) - 1);
  // Often it is the leader who stands alone.
  Host* const leader = world_->Leader();
  if (leader != nullptr && prng_.OneIn(3)) side = SetOf(leader->slot());
  if (side == 0) side = 1;
  std::vector<std::pair<Slot, Slot>> cuts;
  CutBetween(side, ~side, &cuts);
  CutBetween(~side, side, &cuts);
  if (cuts.empty()) return false;
  BeginCuts(FaultKind::kCut, std::move(cuts));
  return true;
}

bool Nemesis::StartOneWay() {
  Host* host = prng_.OneIn(2) ? world_->Leader() : PickUp();
  if (host == nullptr || world_->hosts().size() < 2) return false;
  const SlotSet one = SetOf(host->slot());
  SlotSet others = ~one;
  if (prng_.OneIn(2)) others &= prng_.Next();
  std::vector<std::pair<Slot, Slot>> cuts;
  prng_.OneIn(2) ? CutBetween(one, others, &cuts) : CutBetween(others, one, &cuts);
  if (cuts.empty()) return false;
  BeginCuts(FaultKind::kOneWay, std::move(cuts));
  return true;
}

// Two groups that see each other only through one host.
bool Nemesis::StartBridge() {
  const auto count = static_cast<Slot>(world_->hosts().size());
  if (count < 3) return false;
  const Slot bridge = static_cast<Slot>(prng_.Below(count));
  SlotSet left = prng_.Next() & ~SetOf(bridge);
  Host* const leader = world_->Leader();
  if (leader != nullptr && leader->slot() != bridge && prng_.OneIn(2)) {
    left = SetOf(leader->slot());
  }
  const SlotSet right = ~left & ~SetOf(bridge);
  std::vector<std::pair<Slot, Slot>> cuts;
  CutBetween(left, right, &cuts);
  CutBetween(right, left, &cuts);
  if (cuts.empty()) return false;
  BeginCuts(FaultKind::kBridge, std::move(cuts));
  return true;
}

// A connection breaks; at times the reconnect is refused although the process lives.
bool Nemesis::StartReset() {
  Host* const host = PickUp();
  if (host == nullptr || world_->hosts().size() < 2) return false;
  Host* const leader = world_->Leader();
  const Slot peer = leader != nullptr && leader != host && prng_.OneIn(2)
                        ? leader->slot()
                        : static_cast<Slot>(prng_.Below(world_->hosts().size()));
  if (peer == host->slot()) return false;
  Count(FaultKind::kReset);
  host->LosePeer(NodeId(uint64_t{peer} + 1), /*refused=*/prng_.OneIn(4), 0);
  if (prng_.OneIn(2) && world_->HostAt(peer).IsUp()) {
    world_->HostAt(peer).LosePeer(host->id(), /*refused=*/false, prng_.Below(kMillisecond));
  }
  return true;
}

}  // namespace keel::sim
