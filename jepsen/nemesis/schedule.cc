#include "jepsen/nemesis/schedule.h"

#include <algorithm>
#include <map>

#include "base/prng.h"

namespace keel::jepsen {
namespace {

constexpr uint64_t kGapMsMin = 400;
constexpr uint64_t kGapMsMax = 1'500;
constexpr uint64_t kFaultMsMin = 2'500;
constexpr uint64_t kFaultMsMax = 5'500;

using Kinds = std::vector<std::string>;

void Shuffle(Kinds* kinds, Prng* dice) {
  for (size_t i = kinds->size(); i > 1; i--) std::swap((*kinds)[i - 1], (*kinds)[dice->Below(i)]);
}

// Where all kinds are of one group they are dealt to two lanes.
std::vector<Kinds> LanesOf(const std::vector<Kinds>& groups) {
  std::vector<Kinds> lanes;
  for (const Kinds& group : groups) {
    if (!group.empty()) lanes.push_back(group);
  }
  if (lanes.size() == 1 && lanes[0].size() > 1) {
    lanes.emplace_back();
    const Kinds all = std::move(lanes[0]);
    lanes[0].clear();
    for (size_t i = 0; i < all.size(); i++) lanes[i % 2].push_back(all[i]);
  }
  return lanes;
}

}  // namespace

std::vector<PlannedFault> MakeSchedule(const ScheduleOptions& options) {
  Prng dice(options.seed);
  std::vector<PlannedFault> faults;
  for (const Kinds& kinds : LanesOf(options.groups)) {
    Prng lane = dice.Fork();
    Kinds deck;
    uint64_t now_ms = lane.Between(kGapMsMin, kGapMsMax);
    while (now_ms + kFaultMsMin <= options.time_ms) {
      if (deck.empty()) {
        deck = kinds;
        Shuffle(&deck, &lane);
      }
      PlannedFault fault{.kind = deck.back(), .begin_ms = now_ms, .end_ms = 0, .seed = lane.Next()};
      deck.pop_back();
      fault.end_ms = std::min(options.time_ms, now_ms + lane.Between(kFaultMsMin, kFaultMsMax));
      now_ms = fault.end_ms + lane.Between(kGapMsMin, kGapMsMax);
      faults.push_back(std::move(fault));
    }
  }
  std::stable_sort(faults.begin(), faults.end(), [](const PlannedFault& a, const PlannedFault& b) {
    return a.begin_ms < b.begin_ms;
  });
  return faults;
}

uint64_t OverlapMs(const std::vector<PlannedFault>& faults) {
  std::map<uint64_t, int> changes;
  for (const PlannedFault& fault : faults) {
    changes[fault.begin_ms]++;
    changes[fault.end_ms]--;
  }
  uint64_t overlap_ms = 0;
  uint64_t since_ms = 0;
  int at_once = 0;
  for (const auto& [at_ms, change] : changes) {
    if (at_once >= 2) overlap_ms += at_ms - since_ms;
    since_ms = at_ms;
    at_once += change;
  }
  return overlap_ms;
}

}  // namespace keel::jepsen
