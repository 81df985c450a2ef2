// Everything between the hosts: links that may be cut one way or both, and weather that loses,
// doubles, delays and reorders.
//
// A link delivers in order, within about a millisecond, while nothing is wrong. Messages in flight
// wait in a pool; the event that delivers one names its place there. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/prng.h"
#include "raft/message.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/kv_state.h"

namespace keel::sim {

inline constexpr size_t kSlotsMax = 40;
using SlotSet = uint64_t;  // one bit for each slot
[[nodiscard]] constexpr SlotSet SetOf(Slot slot) { return SlotSet{1} << slot; }

enum class WeatherKind : uint8_t { kLoss, kDuplicate, kReorder, kDelay };

struct Weather {
  uint64_t id = 0;
  WeatherKind kind = WeatherKind::kLoss;
  SlotSet hosts = 0;       // every link to or from one of them
  uint32_t per_mille = 0;  // of the messages
  Micros delay_max = 0;    // kReorder, kDelay
};

class Network {
 public:
  struct Flight {
    raft::Message message;
    KvImagePtr image;  // rides with an InstallSnapshot
  };

  Network(EventQueue* queue, Prng prng) : queue_(queue), prng_(prng) {}

  // `extra` is what the sender adds: the time that a snapshot's stream takes. False if it is lost.
  bool Send(Micros now, Slot from, Slot to, Flight flight, Micros extra = 0);
  // What a kDeliver event named; its place is free afterwards.
  [[nodiscard]] Flight Take(uint64_t place);

  // Cuts add up: a link works when each has been mended.
  void Cut(Slot from, Slot to) { ++cuts_[from][to]; }
  void Mend(Slot from, Slot to) { --cuts_[from][to]; }
  [[nodiscard]] bool IsCut(Slot from, Slot to) const { return cuts_[from][to] > 0; }

  void AddWeather(const Weather& weather) { weather_.push_back(weather); }
  void RemoveWeather(uint64_t id);
  [[nodiscard]] bool IsRough(Slot slot) const;

  [[nodiscard]] uint64_t sent_count() const { return sent_count_; }
  [[nodiscard]] uint64_t lost_count() const { return lost_count_; }

 private:
  void Launch(Micros at, Slot to, Flight flight);

  EventQueue* queue_;
  Prng prng_;
  std::array<std::array<uint16_t, kSlotsMax>, kSlotsMax> cuts_{};
  std::array<std::array<Micros, kSlotsMax>, kSlotsMax> last_arrival_{};
  std::vector<Weather> weather_;
  std::vector<Flight> flights_;
  std::vector<uint32_t> free_places_;
  uint64_t sent_count_ = 0;
  uint64_t lost_count_ = 0;
};

}  // namespace keel::sim
