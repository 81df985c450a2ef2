// How a member that was added to a running cluster finds out who it is.
//
// The members that run say who belongs to the cluster; the one that has this member's peer address
// and has never been started is it. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "server/node/bootstrap.h"

namespace keel::server {

struct Identity {
  NodeId member;
  uint64_t cluster_id = 0;
};
struct Applicant {
  std::string name;
  std::vector<std::string> peer_urls;
  std::string token;
  // Of its directory, if it has one that had already found its id out; else none.
  NodeId member;
};
// FAILED_PRECONDITION, and what to do, if it never will be; UNAVAILABLE if the one that was asked
// does not know: ask again, or another one.
[[nodiscard]] Result<Identity> FindSelf(const node::Introduction& answer, const Applicant& who);

}  // namespace keel::server
