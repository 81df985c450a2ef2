// Which changes of members a leader refuses although the core could carry them out: those that
// would leave the cluster one failure away from standing still, as etcd's --strict-reconfig-check
// and --max-learners.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "raft/config.h"
#include "server/node/membership.h"

namespace keel::node {

struct ReconfigRules {
  // A voter that is up is not removed where those that stay up would be no majority, and nobody is
  // added while a voter is down.
  bool strict = true;
  // Members that learn for good; those that will vote by themselves do not count.
  size_t learners_max = 1;
};

// kUnhealthy, kTooManyLearners, kAddressUsed or kNone: that nobody is added at the address of
// another one is no matter of rules, and refused always. Whoever is asked looks first, but two may
// be asked at once. `after` has the names and addresses as they would be;
// `is_up` says who has been heard from lately, the leader itself included. What the core refuses
// anyway is left to it.
[[nodiscard]] raft::ConfigRefusal WhyUnwise(const ReconfigRules& rules, const raft::Config& config,
                                            const Membership& after,
                                            std::span<const raft::ConfigOp> ops,
                                            const std::function<bool(NodeId)>& is_up);

}  // namespace keel::node
