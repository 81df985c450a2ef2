// Who belongs to the cluster, as of the state that this member has applied.
//
// Functions belong to the transport's executor; values to anybody.
#pragma once

#include <memory>

#include "api/etcdserverpb/cluster.pb.h"
#include "raft/config.h"
#include "server/api/core.h"
#include "server/node/membership.h"

namespace keel::api {

struct Members {
  std::shared_ptr<const raft::Config> config;
  node::Membership infos;

  // Those that belong to it; whoever is on the way out does not.
  [[nodiscard]] bool Has(NodeId id) const;
  // Added to learn for good: one that will vote by itself is none.
  [[nodiscard]] bool IsLearner(NodeId id) const;
  [[nodiscard]] node::MemberInfo InfoOf(NodeId id) const;
  void Write(google::protobuf::RepeatedPtrField<etcdserverpb::Member>* to) const;
};

// `done` comes on the transport, later.
void FindMembers(const CorePtr& core, node::Once<Members> done);

// "http://host:port" or "https://host:port", and at least one.
[[nodiscard]] bool ArePeerUrls(const google::protobuf::RepeatedPtrField<std::string>& urls);

}  // namespace keel::api
