// Finds out who the members are, who leads them and how fast they answer.
//
// A round asks every endpoint for its status, and one of those that answered for the list of
// members. Rounds happen when they are asked for: every so often while the client is in use, and at
// once when a call suggests that the leader is not who it was. Never two at a time, and never two
// within a short while. Belongs to the client's executor.
#pragma once

#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "base/executor.h"
#include "client/core/pool.h"
#include "net/alive.h"
#include "net/channel.h"

namespace keel::client {

class Scout {
 public:
  struct Environment {
    Pool* pool = nullptr;
    Executor* executor = nullptr;
    const Clock* clock = nullptr;
    uint64_t refresh_us = 10'000'000;
    bool discover = true;
    std::function<net::Metadata()> credentials;
  };
  explicit Scout(Environment environment) : environment_(std::move(environment)) {}
  ~Scout();
  Scout(const Scout&) = delete;
  Scout& operator=(const Scout&) = delete;

  // The client is being used: a round, if the last one is old.
  void OnUse();
  // What is known of the leader is doubted: a round soon.
  void LookSoon();

 private:
  void Round();
  void Ask(Pool::Endpoint* endpoint);
  void OnStatus(Pool::Endpoint* endpoint, uint64_t began_us, const net::UnaryResult& result);
  void AskForMembers(Pool::Endpoint* endpoint);
  void OnAnswer();

  const Environment environment_;
  uint64_t running_ = 0;  // calls of this round
  uint64_t last_round_us_ = 0;
  bool again_ = false;
  bool listed_ = false;  // this round has asked for the members
  uint64_t leader_term_ = 0;
  TimerId timer_;
  net::Alive alive_;
};

}  // namespace keel::client
