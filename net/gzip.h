// One message in gzip's format, whole, at a time.
//
// Pure functions; any thread. The output of Gunzip is bounded by the caller: a small input may
// claim to be an enormous one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace keel::net {

[[nodiscard]] std::string Gzip(std::string_view bytes);

// RESOURCE_EXHAUSTED when more than `size_bytes_max` would come out, INTERNAL when `bytes` is not
// exactly one gzip stream.
[[nodiscard]] Result<std::string> Gunzip(std::string_view bytes, size_t size_bytes_max);

}  // namespace keel::net
