// One unary operation on its way, from Submit to its end. Private to core/*.cc.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/payload.h"
#include "client/core/core.h"

namespace keel::client {

struct Core::Call {
  explicit Call(CallSpec from) : spec(std::move(from)), request_bytes(spec.request.size()) {
    if (!spec.own_path.empty()) spec.path = spec.own_path;
  }

  CallSpec spec;
  const size_t request_bytes;
  uint64_t number = 0;
  Payload request;
  uint64_t begun_us = 0;
  uint64_t deadline_us = 0;  // 0: none
  // There were too many when it was submitted.
  bool refused = false;
  // Still inside Begin: its end must not be told from there.
  bool beginning = false;

  // ---- the attempt that runs, if any ----
  Pool::Endpoint* endpoint = nullptr;
  net::ClientCallId running;
  uint64_t attempt_us = 0;

  uint32_t attempts = 0;
  uint32_t doubtful_ends = 0;
  // Attempts that ran out of their time.
  uint32_t silences = 0;
  // Retries that did not wait, since the last that did.
  uint32_t hasty_retries = 0;
  TimerId timer;
  // An earlier attempt may have carried it out.
  bool perhaps_done = false;
  Pool::Endpoint* failed_at = nullptr;
  Status last_failure;

  // Of a kOnce that has its number; a sequence of 0: none.
  Session::Number once;
};

}  // namespace keel::client
