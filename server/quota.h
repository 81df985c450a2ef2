// --quota-backend-bytes: sees to it that the replicated rule for all keys is the flag's.
//
// The bound is part of the state, so that all members refuse the same writes; whoever leads asks
// for it until it stands. Belongs to the client port's executor.
#pragma once

#include "base/executor.h"
#include "server/node/node.h"

namespace keel::server {

class Quota {
 public:
  struct Options {
    node::Node* node = nullptr;
    Executor* executor = nullptr;
    uint64_t bytes = 0;  // 0: whatever stands is left alone
    uint64_t look_every_us = 2'000'000;
  };
  explicit Quota(const Options& options) : options_(options) {}
  void Start() {
    if (options_.bytes > 0) Look();
  }

 private:
  void Look();
  void Ask();

  const Options options_;
};

}  // namespace keel::server
