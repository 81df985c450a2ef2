// A GET over HTTP/1.1, for /metrics and /health: one connection, one answer, one deadline.
//
// Blocking; any thread. Bodies end with the connection or with Content-Length; nothing larger than
// 16 MiB is taken.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace keel::ctl {

struct HttpAnswer {
  int code = 0;
  std::string body;
  // The answer's Date as seconds since 1970; 0 if there is none.
  int64_t date_seconds = 0;
};

// `endpoint` as for calls.
[[nodiscard]] Result<HttpAnswer> HttpGet(const std::string& endpoint, const std::string& path,
                                         uint64_t timeout_us);

}  // namespace keel::ctl
