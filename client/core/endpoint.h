// Where a member is, as people write it: "host:port", "http://host:port/", "[::1]:2379".
//
// Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/tcp.h"

namespace keel::client {

// INVALID_ARGUMENT for what names no host or no port that exists. Without a port: 2379.
[[nodiscard]] Result<net::Address> ParseEndpoint(std::string_view text);

// "host:port": equal for all ways to write the same endpoint.
[[nodiscard]] std::string EndpointName(const net::Address& address);

}  // namespace keel::client
