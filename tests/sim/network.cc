#include "tests/sim/network.h"

#include <algorithm>
#include <utility>

namespace keel::sim {

bool Network::Send(Micros now, Slot from, Slot to, Flight flight, Micros extra) {
  ++sent_count_;
  if (IsCut(from, to)) {
    ++lost_count_;
    return false;
  }
  bool is_lost = false;
  bool is_double = false;
  bool in_order = true;
  Micros delay = 100 + prng_.Below(900);
  for (const Weather& weather : weather_) {
    if ((weather.hosts & (SetOf(from) | SetOf(to))) == 0) continue;
    if (!prng_.Chance(weather.per_mille, 1000)) continue;
    switch (weather.kind) {
      case WeatherKind::kLoss:
        is_lost = true;
        break;
      case WeatherKind::kDuplicate:
        is_double = true;
        break;
      case WeatherKind::kReorder:
      case WeatherKind::kDelay:
        in_order = false;
        delay += prng_.Below(weather.delay_max + 1);
        break;
    }
  }
  if (is_lost) {
    ++lost_count_;
    return false;
  }
  Micros arrival = now + delay + extra;
  if (in_order && extra == 0) {
    Micros& last = last_arrival_[from][to];
    arrival = std::max(arrival, last + 1);
    last = arrival;
  }
  if (is_double) Launch(arrival + prng_.Below(50 * kMillisecond), to, flight);
  Launch(arrival, to, std::move(flight));
  return true;
}

void Network::Launch(Micros at, Slot to, Flight flight) {
  uint32_t place = static_cast<uint32_t>(flights_.size());
  if (free_places_.empty()) {
    flights_.push_back(std::move(flight));
  } else {
    place = free_places_.back();
    free_places_.pop_back();
    flights_[place] = std::move(flight);
  }
  queue_->Push({.at = at, .argument = place, .slot = to, .kind = EventKind::kDeliver});
}

Network::Flight Network::Take(uint64_t place) {
  free_places_.push_back(static_cast<uint32_t>(place));
  return std::move(flights_[place]);
}

void Network::RemoveWeather(uint64_t id) {
  std::erase_if(weather_, [id](const Weather& weather) { return weather.id == id; });
}

bool Network::IsRough(Slot slot) const {
  return std::any_of(weather_.begin(), weather_.end(),
                     [slot](const Weather& weather) { return (weather.hosts & SetOf(slot)) != 0; });
}

}  // namespace keel::sim
