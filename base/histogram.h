// How long something took, counted in buckets that double: for Prometheus. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace keel {

class Histogram {
 public:
  // The first bucket ends at a quarter of a millisecond, the last at sixteen seconds: etcd's
  // buckets for its disk begin at one millisecond and double as these do.
  static constexpr size_t kBuckets = 17;
  static constexpr uint64_t kFirstUs = 250;
  [[nodiscard]] static constexpr uint64_t BoundUs(size_t bucket) { return kFirstUs << bucket; }

  void Add(uint64_t took_us) {
    size_t bucket = 0;
    while (bucket < kBuckets && took_us > BoundUs(bucket)) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_us_.fetch_add(took_us, std::memory_order_relaxed);
  }

  // Beyond the last bound: kBuckets.
  [[nodiscard]] uint64_t count(size_t bucket) const {
    return counts_[bucket].load(std::memory_order_relaxed);
  }
  [[nodiscard]] uint64_t sum_us() const { return sum_us_.load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<uint64_t>, kBuckets + 1> counts_{};
  std::atomic<uint64_t> sum_us_ = 0;
};

}  // namespace keel
