#include "net/flood_guard.h"

#include "net/cut_words.h"

namespace keel::net {

FloodGuard::FloodGuard(const Http2Options& options)
    : ping_interval_min_us_(options.ping_interval_min_us),
      ping_strikes_max_(options.ping_strikes_max),
      resets_(options.ResetsAllowed()),
      malformed_(options.resets),
      settings_(options.settings_frames),
      idle_frames_(options.idle_frames) {}

const char* FloodGuard::OnReset(uint64_t now_us) {
  return resets_.Take(now_us) ? nullptr : cut_words::kTooManyResets;
}

const char* FloodGuard::OnMalformed(uint64_t now_us) {
  return malformed_.Take(now_us) ? nullptr : cut_words::kTooManyMalformed;
}

const char* FloodGuard::OnSettings(uint64_t now_us) {
  return settings_.Take(now_us) ? nullptr : cut_words::kTooManySettings;
}

const char* FloodGuard::OnIdleFrame(uint64_t now_us) {
  return idle_frames_.Take(now_us) ? nullptr : cut_words::kTooManyIdleFrames;
}

const char* FloodGuard::OnPing(uint64_t now_us) {
  const bool early = pinged_ && now_us - last_ping_us_ < ping_interval_min_us_;
  pinged_ = true;
  last_ping_us_ = now_us;
  if (early && ++strikes_ > ping_strikes_max_) return cut_words::kTooManyPings;
  return nullptr;
}

}  // namespace keel::net
