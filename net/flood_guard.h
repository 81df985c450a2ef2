// Judges what a peer sends that costs us and moves nothing: resets, pings, settings, empty frames.
//
// Every function returns null, or the name of the offence that has now gone too far, to be told to
// the peer in a GOAWAY. Time arrives as an argument. Owned by an Http2Session.
#pragma once

#include <cstdint>

#include "net/http2_options.h"
#include "net/token_bucket.h"

namespace keel::net {

class FloodGuard {
 public:
  explicit FloodGuard(const Http2Options& options);

  // CVE-2023-44487: streams opened and reset at once never count against the stream limit.
  [[nodiscard]] const char* OnReset(uint64_t now_us);
  // CVE-2025-8671: what breaks the rules makes us reset, and no peer has to do it, however many
  // streams it may have.
  [[nodiscard]] const char* OnMalformed(uint64_t now_us);
  [[nodiscard]] const char* OnSettings(uint64_t now_us);
  [[nodiscard]] const char* OnIdleFrame(uint64_t now_us);
  [[nodiscard]] const char* OnPing(uint64_t now_us);

  // Headers or data left this side.
  void OnWorkSent() { strikes_ = 0; }

 private:
  const uint64_t ping_interval_min_us_;
  const uint32_t ping_strikes_max_;
  TokenBucket resets_;
  TokenBucket malformed_;
  TokenBucket settings_;
  TokenBucket idle_frames_;
  uint64_t last_ping_us_ = 0;
  bool pinged_ = false;
  uint32_t strikes_ = 0;
};

}  // namespace keel::net
