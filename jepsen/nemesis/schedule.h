// When which fault begins and ends: a pure function of one seed.
//
// Faults run in lanes, at least two where there are two kinds, so that faults of different sorts
// overlap all the time. A lane draws its kinds like cards: each once before any comes again. What a
// fault does with its time (whom it hits, how hard) comes from its own seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace keel::jepsen {

struct PlannedFault {
  std::string kind;
  uint64_t begin_ms = 0;
  uint64_t end_ms = 0;
  uint64_t seed = 0;

  friend bool operator==(const PlannedFault&, const PlannedFault&) = default;
};

struct ScheduleOptions {
  uint64_t seed = 1;
  uint64_t time_ms = 60'000;
  // Kinds by group: those of one group get in each other's way, and share a lane.
  std::vector<std::vector<std::string>> groups;
};

// In the order of their beginnings; all ended at `time_ms`.
[[nodiscard]] std::vector<PlannedFault> MakeSchedule(const ScheduleOptions& options);

// For how long two faults or more were planned at once.
[[nodiscard]] uint64_t OverlapMs(const std::vector<PlannedFault>& faults);

}  // namespace keel::jepsen
