// The faults of a run as spans of time, and what clients felt of each kind.
//
// A fault is what the nemesis says: an event whose function begins with "start" opens a band, and
// one that begins with "stop", with the same rest, closes it ("start-partition", "stop-partition");
// "heal", "recover" and "resume" close all. Pure functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "jepsen/history/history.h"

namespace keel::jepsen {

struct Band {
  std::string kind;
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
};

// When an event happened: its :time, or its place where the history has no times.
[[nodiscard]] int64_t TimeOf(const Event& event, size_t place);

[[nodiscard]] std::vector<Band> FindFaults(const History& history);

// One kind of fault, all its bands together.
struct FaultEffect {
  std::string kind;
  size_t band_count = 0;
  size_t called_count = 0;           // operations that were called within
  size_t acknowledged_count = 0;     // of these
  int64_t longest_write_gap_ns = 0;  // without an acknowledged write, at most to the first after it
  int64_t longest_recovery_ns = 0;   // from a band's end to the first answer to a later call
  bool has_recovered = true;
};

[[nodiscard]] std::vector<FaultEffect> MeasureFaults(std::span<const Band> bands,
                                                     std::span<const Operation> operations);

}  // namespace keel::jepsen
