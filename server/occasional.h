// Lets one line of a kind into the log every so often, and counts those that were left out.
//
// For what a peer can make happen at will: the log must tell of it and not be filled by it. A plain
// value; time arrives as an argument.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

namespace keel::server {

class Occasional {
 public:
  static constexpr uint64_t kEveryUs = 10'000'000;

  // How many were left out since the last one that was told; nothing if this one is, too.
  [[nodiscard]] std::optional<uint64_t> Tell(uint64_t now_us) {
    if (told_us_ != 0 && now_us - told_us_ < kEveryUs) {
      ++left_out_;
      return std::nullopt;
    }
    told_us_ = now_us;
    return std::exchange(left_out_, 0);
  }

 private:
  uint64_t told_us_ = 0;
  uint64_t left_out_ = 0;
};

}  // namespace keel::server
