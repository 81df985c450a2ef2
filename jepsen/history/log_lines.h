// Operations as Jepsen logs them, one a line, among whatever else it logs:
//
//   INFO  jepsen.util - 4	:invoke	:write	1
//   2016-01-02 03:04:05,678 INFO  jepsen.util - 4	:info	:write	:timed-out
//   INFO [2023-11-21 05:45:49,012] jepsen worker 1 - jepsen.util 4	:ok	:read	[0 1]
//
// After jepsen.util and an optional dash come process, type, function and value; what follows the
// value is an error's description and is not read.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "jepsen/history/op.h"

namespace keel::jepsen {

Result<std::vector<Event>> ParseLogLines(std::string_view text);

}  // namespace keel::jepsen
