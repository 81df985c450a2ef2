// Tells the cluster who this member is, once it runs: its name, and where clients reach it.
//
// Until the membership says so, it asks again and again; then it rests for good. A member that was
// added and had no name takes its id by this: the log lets only one do so (Node::MemberChange),
// and only then is it promoted. So a directory that is lost before this has never voted, and one
// that is lost after this finds its id taken (pitfall 54). Belongs to the node role.
#pragma once

#include <functional>

#include "base/executor.h"
#include "server/node/node.h"

namespace keel::node {

class Publisher {
 public:
  struct Options {
    Node* node = nullptr;
    Executor* role = nullptr;  // the node's
    MemberInfo self;           // its name, and where clients reach it; the rest is left out
    uint64_t retry_us = 200'000;
    // Another one has taken this member's id: it must stop.
    std::function<void()> on_taken;
  };
  explicit Publisher(Options options) : options_(std::move(options)) {}

  // Any role.
  void Start();
  [[nodiscard]] bool done() const { return done_; }

 private:
  void Look();
  void LookLater();
  void Publish(MemberInfo self, bool claims);

  const Options options_;
  bool done_ = false;
};

}  // namespace keel::node
