// Decides when to ping a silent peer, and when to give it up: how half-open connections are found.
//
// Anything received counts as life. Time arrives as an argument. Owned by an Http2Session.
#pragma once

#include <cstdint>
#include <limits>

namespace keel::net {

class Keepalive {
 public:
  struct Options {
    // Of silence, before a ping; 0 is never.
    uint64_t interval_us = 0;
    // For anything to come back.
    uint64_t timeout_us = 0;
  };
  enum class Action : uint8_t { kNone, kPing, kGiveUp };

  Keepalive(Options options, uint64_t now_us) : options_(options), heard_us_(now_us) {}

  void OnReceived(uint64_t now_us) {
    heard_us_ = now_us;
    pinged_ = false;
  }

  [[nodiscard]] Action OnTime(uint64_t now_us) {
    if (now_us < NextWakeUs()) return Action::kNone;
    if (pinged_) return Action::kGiveUp;
    pinged_ = true;
    pinged_us_ = now_us;
    return Action::kPing;
  }

  [[nodiscard]] uint64_t NextWakeUs() const {
    if (options_.interval_us == 0) return std::numeric_limits<uint64_t>::max();
    return pinged_ ? pinged_us_ + options_.timeout_us : heard_us_ + options_.interval_us;
  }

 private:
  Options options_;
  uint64_t heard_us_;
  uint64_t pinged_us_ = 0;
  bool pinged_ = false;
};

}  // namespace keel::net
