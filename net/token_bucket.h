// How much of something a peer may do: a burst at once, and a steady rate after it.
//
// Time arrives as an argument, in the caller's monotonic microseconds. A plain value.
#pragma once

#include <algorithm>
#include <cstdint>

namespace keel::net {

class TokenBucket {
 public:
  struct Options {
    uint64_t burst = 0;
    uint64_t per_second = 0;
  };

  explicit TokenBucket(Options options)
      : options_(options), micro_tokens_(options.burst * kMicro) {}

  // False when the allowance is used up; nothing is taken then.
  [[nodiscard]] bool Take(uint64_t now_us) {
    if (now_us > updated_us_) {
      // A long pause cannot overflow: the bucket is full long before.
      const uint64_t passed_us = std::min(now_us - updated_us_, kLongestUs);
      micro_tokens_ =
          std::min(options_.burst * kMicro, micro_tokens_ + passed_us * options_.per_second);
      updated_us_ = now_us;
    }
    if (micro_tokens_ < kMicro) return false;
    micro_tokens_ -= kMicro;
    return true;
  }

 private:
  static constexpr uint64_t kMicro = 1'000'000;
  static constexpr uint64_t kLongestUs = 3600 * kMicro;

  Options options_;
  uint64_t micro_tokens_;
  uint64_t updated_us_ = 0;
};

}  // namespace keel::net
