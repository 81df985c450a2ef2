// A set of fingerprints with a bound in bytes: what the search has tried.
//
// Open addressing; doubles as it fills, as long as the old table and the new one fit the bound.
// One thread.
#pragma once

#include <cstddef>
#include <vector>

#include "jepsen/checker/fingerprint.h"

namespace keel::jepsen {

class TriedTable {
 public:
  explicit TriedTable(size_t bytes_max) : bytes_max_(bytes_max), slots_(kSlotsMin) {}

  // True when it was not there.
  bool Insert(SetFingerprint fingerprint) {
    if (fingerprint == SetFingerprint{}) fingerprint.low = 1;  // zero marks an empty slot
    if (!Place(fingerprint, &slots_)) return false;
    count_++;
    if (count_ * 4 > slots_.size() * 3) Grow();
    return true;
  }

  [[nodiscard]] size_t count() const { return count_; }
  [[nodiscard]] size_t bytes() const { return slots_.size() * sizeof(SetFingerprint); }
  // No room for more: the search must stop.
  [[nodiscard]] bool is_full() const { return is_full_; }

 private:
  static constexpr size_t kSlotsMin = 1024;

  static bool Place(const SetFingerprint& fingerprint, std::vector<SetFingerprint>* slots) {
    const size_t mask = slots->size() - 1;
    size_t at = fingerprint.low & mask;
    while (!((*slots)[at] == SetFingerprint{})) {
      if ((*slots)[at] == fingerprint) return false;
      at = (at + 1) & mask;
    }
    (*slots)[at] = fingerprint;
    return true;
  }

  void Grow() {
    if (bytes() * 3 > bytes_max_) {
      is_full_ = true;
      return;
    }
    std::vector<SetFingerprint> larger(slots_.size() * 2);
    for (const SetFingerprint& fingerprint : slots_) {
      if (!(fingerprint == SetFingerprint{})) Place(fingerprint, &larger);
    }
    slots_ = std::move(larger);
  }

  size_t bytes_max_;
  std::vector<SetFingerprint> slots_;
  size_t count_ = 0;
  bool is_full_ = false;
};

}  // namespace keel::jepsen
