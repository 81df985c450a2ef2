// The members that a client knows, how they do, and which of them the next call goes to.
//
// An endpoint is added once and never removed: one that the cluster does not list any more is only
// not chosen, so that what runs there can end. Each has a channel, made when it is first used. One
// that cannot be reached is left alone for a while, longer each time, unless there is no other.
// Belongs to the client's executor.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/ids.h"
#include "base/prng.h"
#include "client/client.h"
#include "client/options.h"
#include "net/channel.h"

namespace keel::client {

struct Route {
  enum class Kind : uint8_t {
    kVoter,         // any that votes
    kMember,        // any at all
    kNearest,       // the one that answers fastest
    kPreferLeader,  // the leader; while it is not known, any that votes
    kLeader,        // the leader and nobody else
    kEndpoint,      // the one named
  };
  Kind kind = Kind::kVoter;
  std::string endpoint;

  [[nodiscard]] static Route Of(const Target& target);
  [[nodiscard]] static Route Of(ReadMode mode);
};

class Pool {
 public:
  struct Endpoint {
    std::string name;  // "host:port"
    std::unique_ptr<net::Channel> channel;
    NodeId member;
    bool learner = false;
    // Given in the options, and so asked even while the cluster does not list it.
    bool seed = false;
    bool listed = false;
    // The scout has asked it for its status.
    bool asked = false;
    uint32_t weight = 1;
    // Smooth weighted round robin's account.
    int64_t credit = 0;
    uint32_t failures = 0;
    uint64_t down_until_us = 0;
    uint64_t latency_us = 0;  // 0: not measured
    uint64_t in_flight = 0;
  };

  struct Environment {
    const Options* options = nullptr;
    Executor* executor = nullptr;
    const Clock* clock = nullptr;
    std::function<std::unique_ptr<net::Channel>(const std::string& name)> make_channel;
    uint64_t seed = 1;
  };
  explicit Pool(Environment environment);

  // What is wrong with the endpoints in the options.
  [[nodiscard]] Status AddSeeds();
  // The endpoint of that name, new if need be; null if it is none.
  Endpoint* Add(const std::string& text);
  // From the cluster: these are its members' addresses, and no others.
  void SetListed(const std::vector<std::string>& addresses);

  // Null: the route is the leader's alone and no leader is known, or the name is no endpoint.
  // `not_this` is chosen only if there is no other.
  [[nodiscard]] Endpoint* Pick(const Route& route, const Endpoint* not_this = nullptr);
  [[nodiscard]] net::Channel* ChannelOf(Endpoint* endpoint);

  void OnAnswered(Endpoint* endpoint, uint64_t latency_us);
  void OnUnreachable(Endpoint* endpoint);
  [[nodiscard]] bool IsUp(const Endpoint& endpoint) const;

  [[nodiscard]] Endpoint* leader() const { return leader_; }
  // None: not known.
  void SetLeader(Endpoint* endpoint) { leader_ = endpoint; }
  void ForgetLeader() { leader_ = nullptr; }
  [[nodiscard]] const std::vector<std::unique_ptr<Endpoint>>& endpoints() const {
    return endpoints_;
  }
  // All names, for messages.
  [[nodiscard]] std::string Names() const;
  // Ends every call.
  void CloseChannels();

 private:
  [[nodiscard]] Endpoint* Choose(const std::vector<Endpoint*>& from, Balance balance);
  [[nodiscard]] static Endpoint* Nearest(const std::vector<Endpoint*>& from);

  const Environment environment_;
  Prng dice_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  std::vector<Endpoint*> candidates_;  // of the Pick that runs
  Endpoint* leader_ = nullptr;
};

}  // namespace keel::client
