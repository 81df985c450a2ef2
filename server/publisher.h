// Tells the cluster what this member is called and where its clients reach it, as etcd does.
//
// A member that was added has no name yet, and one that was started with other flags may have moved
// its clients. Both are part of the replicated membership: the change is asked for, wherever the
// leader is, until the membership says so. Belongs to the client port's executor.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/executor.h"
#include "server/node/node.h"

namespace keel::server {

class Publisher {
 public:
  struct Options {
    node::Node* node = nullptr;
    Executor* executor = nullptr;
    std::string name;
    std::vector<std::string> client_urls;
    uint64_t retry_us = 500'000;
  };
  explicit Publisher(Options options) : options_(std::move(options)) {}
  void Start() { Look(); }

  // What the membership should say of this member, if it does not.
  [[nodiscard]] static std::optional<node::MemberInfo> Difference(
      const node::NodeStatus& status, const std::string& name,
      const std::vector<std::string>& client_urls);

 private:
  void Look();

  const Options options_;
};

}  // namespace keel::server
