// The small grammars of gRPC over HTTP/2: status, message text, timeouts, content types.
//
// Pure functions after the protocol's description (PROTOCOL-HTTP2.md of gRPC); any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace keel::net {

// grpc-message: everything but printable ASCII is percent-encoded, and '%' and outer spaces too.
[[nodiscard]] std::string PercentEncode(std::string_view text);
// Never fails: what is not a valid escape stays as it is, as the protocol asks.
[[nodiscard]] std::string PercentDecode(std::string_view text);

// grpc-timeout: 1 to 8 digits and one of H M S m u n. Nothing if it is malformed. Saturates, and
// rounds nanoseconds up.
[[nodiscard]] std::optional<uint64_t> ParseTimeoutUs(std::string_view text);
// The finest unit in which `timeout_us` fits eight digits, rounded up, so that it never shrinks.
[[nodiscard]] std::string FormatTimeout(uint64_t timeout_us);

// "application/grpc", alone or followed by '+' or ';'.
[[nodiscard]] bool IsGrpcContentType(std::string_view text);

// grpc-status as it stands in a trailer; what is no number of a code is kUnknown.
[[nodiscard]] Code ParseCode(std::string_view text);
[[nodiscard]] std::string_view CodeNumber(Code code);

// What a response that is not gRPC, or a reset without trailers, means to the caller.
[[nodiscard]] Code CodeOfHttpStatus(std::string_view http_status);
[[nodiscard]] Code CodeOfHttp2Error(uint32_t error_code);

// Whether `encoding` is in the comma-separated list of a grpc-accept-encoding.
[[nodiscard]] bool AcceptsEncoding(std::string_view accepted, std::string_view encoding);

}  // namespace keel::net
