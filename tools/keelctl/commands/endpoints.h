// What several commands ask about endpoints.
#pragma once

#include <string>
#include <vector>

#include "tools/keelctl/command/command.h"

namespace keel::ctl {

// Those of --endpoints; with --cluster the client addresses of all members.
[[nodiscard]] Result<std::vector<std::string>> EndpointsOf(Context& context);

// A read through consensus and the alarms, as `endpoint health` asks them.
[[nodiscard]] EndpointHealth HealthOf(Calls& calls, const std::string& endpoint);

[[nodiscard]] Result<etcdserverpb::MemberListResponse> MembersOf(Calls& calls);

}  // namespace keel::ctl
