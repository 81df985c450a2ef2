// The members of a cluster that is to be, as --initial-cluster names them, and who they will be.
//
// Restores run apart, one on each member's machine, and must agree without a word between them: so
// ids are drawn from what all of them are given, the members, the token and the snapshot, and
// nobody can tell them beforehand from another restore's. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/node/membership.h"

namespace keel::restore {

// "a=http://10.0.0.1:2380,b=http://10.0.0.2:2380"; a name may come again with another address.
// INVALID_ARGUMENT if it is not that.
[[nodiscard]] Result<std::vector<node::MemberInfo>> ParseInitialCluster(std::string_view text);

struct NewCluster {
  uint64_t id = 0;
  std::vector<node::MemberInfo> members;  // with their ids

  [[nodiscard]] const node::MemberInfo* Find(std::string_view name) const;
  // A config entry's payload: all of them vote.
  [[nodiscard]] std::string ConfigEntry() const;
};

struct Origin {
  std::string token;         // --initial-cluster-token
  std::string snapshot_sum;  // of the file that is restored
};
[[nodiscard]] NewCluster DrawCluster(std::vector<node::MemberInfo> members, const Origin& origin);

}  // namespace keel::restore
