// What the search has tried, where calls without an answer may be in the order or not.
//
// Such a call need not be taken. So of two tries that have the same answered calls in the order and
// are in the same state, the one with fewer of the others taken can do all that the other can: what
// is kept of each is only what no other beats, and a try that is beaten is no use. One thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "jepsen/checker/fingerprint.h"

namespace keel::jepsen {

class TriedWithCrowds {
 public:
  // How many of each crowd are taken.
  using Counts = std::vector<uint16_t>;

  // True unless one that is as good has been tried. `key` is of the answered calls and the state.
  bool Insert(const SetFingerprint& key, const Counts& counts) {
    std::vector<Counts>& best = tried_[key];
    for (const Counts& other : best) {
      if (Beats(other, counts)) return false;
    }
    bytes_ -= best.size() * BytesOf(counts);
    std::erase_if(best, [&](const Counts& other) { return Beats(counts, other); });
    best.push_back(counts);
    bytes_ += best.size() * BytesOf(counts);
    count_++;
    return true;
  }

  [[nodiscard]] size_t count() const { return count_; }
  [[nodiscard]] size_t bytes() const { return bytes_ + tried_.size() * kBytesPerKey; }

 private:
  struct Hash {
    size_t operator()(const SetFingerprint& of) const { return of.low; }
  };

  static constexpr size_t kBytesPerKey = 96;  // a node, its bucket and the vector's head

  static size_t BytesOf(const Counts& counts) {
    return sizeof(Counts) + counts.size() * sizeof(uint16_t) + 16;
  }

  static bool Beats(const Counts& a, const Counts& b) {
    for (size_t i = 0; i < a.size(); i++) {
      if (a[i] > b[i]) return false;
    }
    return true;
  }

  std::unordered_map<SetFingerprint, std::vector<Counts>, Hash> tried_;
  size_t bytes_ = 0;
  size_t count_ = 0;
};

}  // namespace keel::jepsen
