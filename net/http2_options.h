// The bounds of one HTTP/2 connection. Each names what it limits; what happens at the limit stands
// beside it. Plain values, read once when a session is made.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "net/token_bucket.h"

namespace keel::net {

enum class Http2Role : uint8_t { kServer, kClient };

struct Http2Options {
  Http2Role role = Http2Role::kServer;

  // ---- what the peer may open and hold ----
  // Streams open at once; told in SETTINGS, those beyond are refused.
  uint32_t streams_max = 10'000;
  // One header block, counted as RFC 9113 does; beyond it the request is refused by status.
  uint32_t header_list_bytes_max = 16 * 1024;
  // CONTINUATION frames of one block; beyond it the connection ends.
  uint32_t continuations_max = 8;

  // ---- receiving ----
  // What a peer may send on one stream ahead of its handler.
  uint32_t stream_window_bytes = 256 * 1024;
  uint32_t connection_window_bytes = 1024 * 1024;
  // Received and not consumed, over all streams; at the bound the connection's window stays shut,
  // so that the total is this plus one connection window.
  size_t held_bytes_max = 4 * 1024 * 1024;

  // ---- sending ----
  // Queued on one stream; at the bound writes are refused until it is half empty. One message may
  // reach over it.
  size_t stream_queue_bytes_max = 256 * 1024;
  // Queued on all streams together; at the bound writes are refused.
  size_t connection_queue_bytes_max = 32 * 1024 * 1024;
  // The last message of a call is made already and may tell of what is done: it is queued beyond
  // that bound. A small one always is, so that streams_max bounds them; a large one is refused
  // where this much is queued.
  size_t small_last_bytes_max = 64 * 1024;
  size_t last_queue_bytes_max = 512 * 1024 * 1024;
  // Framed and waiting for the socket; at the bound no more is framed.
  size_t output_bytes_max = 256 * 1024;

  // ---- floods: beyond these the connection ends with ENHANCE_YOUR_CALM ----
  // PINGs closer together than the interval are strikes. Sending headers or data clears them, as
  // gRPC's own servers do: its clients measure the path with pings while data flows.
  uint64_t ping_interval_min_us = 5'000'000;
  uint32_t ping_strikes_max = 2;
  // Streams that break the rules, and streams that the peer resets. For the latter the burst is
  // never less than streams_max: who gives up all that it has open at once does no wrong.
  TokenBucket::Options resets = {.burst = 1000, .per_second = 200};
  [[nodiscard]] TokenBucket::Options ResetsAllowed() const {
    return {.burst = std::max<uint64_t>(resets.burst, streams_max),
            .per_second = resets.per_second};
  }
  TokenBucket::Options settings_frames = {.burst = 32, .per_second = 1};
  // Frames that do nothing: empty DATA, PRIORITY.
  TokenBucket::Options idle_frames = {.burst = 1000, .per_second = 100};

  // ---- time; 0 is never ----
  // From the start until the peer's SETTINGS.
  uint64_t handshake_timeout_us = 10'000'000;
  // Silence after which we ping, and how long the answer may take.
  uint64_t keepalive_interval_us = 60'000'000;
  uint64_t keepalive_timeout_us = 20'000'000;
  bool keepalive_without_streams = true;
  // No stream for this long: drain.
  uint64_t idle_timeout_us = 0;
  // At a drain: how long new streams are still taken at most, for those already on their way, while
  // the peer does not answer a ping.
  uint64_t drain_grace_us = 1'000'000;
};

}  // namespace keel::net
