// Crashes a workload before every operation, in every way of losing data, and counts.
//
// Images are told apart by their hash; the same image is opened again only if what is expected of
// it has changed. One thread; the tally belongs to the caller.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "tests/crash/workload.h"

namespace keel::crash {

struct EnumerationOptions {
  // Stop when so many distinct images have been checked, or so many violations found.
  uint64_t states_max = 60'000;
  uint64_t violations_max = 5;
  simfs::SimulatedFileSystem::LossOptions losses;
};

struct Tally {
  uint64_t runs = 0;
  uint64_t crash_points = 0;
  uint64_t checks = 0;
  uint64_t violations = 0;
  std::unordered_set<uint64_t> states;  // hashes of the distinct images
  // The first ones, each with what replays it.
  std::vector<std::string> reports;

  [[nodiscard]] bool IsFull(const EnumerationOptions& options) const {
    return states.size() >= options.states_max || violations >= options.violations_max;
  }
};

// One workload from its start to its end, or until the tally is full.
void Enumerate(const WorkloadKind& kind, uint64_t seed, const EnumerationOptions& options,
               Tally* tally);

}  // namespace keel::crash
