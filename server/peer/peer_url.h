// "http://10.0.0.1:2380": the addresses that members and clients are given. Pure; any thread.
#pragma once

#include <string>

#include "base/result.h"
#include "net/tcp.h"

namespace keel::peers {

// INVALID_ARGUMENT, with what to write instead, if it is none. Paths and other schemes are none.
[[nodiscard]] Result<net::Address> ParseUrl(const std::string& url);

}  // namespace keel::peers
