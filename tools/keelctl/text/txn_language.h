// The language in which etcdctl's txn takes compares: mod("key") > "0".
//
// Pure; any thread. Failures are INVALID_ARGUMENT in etcdctl's words.
#pragma once

#include <string>
#include <string_view>

#include "api/etcdserverpb/kv.pb.h"
#include "base/result.h"

namespace keel::ctl {

// TARGET("key") OP "value": TARGET is ver, version, c, create, m, mod, val, value or lease (its
// value in hexadecimal), OP one of = != < >.
[[nodiscard]] Result<etcdserverpb::Compare> ParseCompare(std::string_view line);

}  // namespace keel::ctl
