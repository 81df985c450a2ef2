// A simulated network between the nodes: it delays, cuts and resets links as it is told, and keeps
// the contract of server/node/transport.h otherwise.
//
// What is sent on one lane of one link arrives in order. A link that is cut loses what is under
// way, and both ends hear that they lost each other; a process that is gone refuses new
// connections. Owned by the test; borrows the World. One thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "server/node/transport.h"
#include "tests/node/support/world.h"

namespace keel::node_test {

class Network {
 public:
  struct Latency {
    uint64_t least_us = 100;
    uint64_t most_us = 3'000;
  };
  // Worse than the contract allows: single messages vanish, come twice, overtake others, or take
  // long. For simulation; the nodes must bear it all the same.
  struct Weather {
    uint32_t lost_per_mille = 0;
    uint32_t doubled_per_mille = 0;
    uint32_t overtaking_per_mille = 0;
    uint64_t delay_us_max = 0;
  };
  Network(World* world, Latency latency) : world_(world), latency_(latency), wire_(world, {}) {}

  // A process listens as `id`; null: it is gone.
  void SetSink(NodeId id, node::TransportSink* sink);

  void Cut(NodeId a, NodeId b);
  void Mend(NodeId a, NodeId b);
  void MendAll();
  // What `from` sends no longer reaches `to`; the other way is as it was.
  void CutOneWay(NodeId from, NodeId to);
  void MendOneWay(NodeId from, NodeId to) { cut_one_way_.erase({from, to}); }
  void SetWeather(const Weather& weather) { weather_ = weather; }
  [[nodiscard]] const Weather& weather() const { return weather_; }
  // Sees each core's message as it leaves its member.
  void SetTap(std::function<void(const raft::Message&)> tap) { tap_ = std::move(tap); }
  // What is under way is lost; the link works again at once.
  void Reset(NodeId a, NodeId b);
  [[nodiscard]] bool IsCut(NodeId a, NodeId b) const { return cut_.contains(Link(a, b)); }
  [[nodiscard]] bool IsCutOneWay(NodeId from, NodeId to) const {
    return IsCut(from, to) || cut_one_way_.contains({from, to});
  }

  void Send(NodeId from, NodeId to, node::Lane lane, node::PeerMessage message);

  [[nodiscard]] uint64_t delivered() const { return delivered_; }

 private:
  static std::pair<NodeId, NodeId> Link(NodeId a, NodeId b) {
    return a < b ? std::pair(a, b) : std::pair(b, a);
  }
  void Deliver(NodeId from, NodeId to, uint64_t epoch, const std::string& bytes);
  void Post(NodeId from, NodeId to, uint64_t due_us, std::string bytes);
  void TellLost(NodeId who, NodeId peer, bool refused);

  World* const world_;
  const Latency latency_;
  SimExecutor wire_;
  std::map<NodeId, node::TransportSink*> sinks_;
  std::set<std::pair<NodeId, NodeId>> cut_;
  std::set<std::pair<NodeId, NodeId>> cut_one_way_;
  Weather weather_;
  std::function<void(const raft::Message&)> tap_;
  // Grows with each loss of a link: what was sent before does not arrive.
  std::map<std::pair<NodeId, NodeId>, uint64_t> epochs_;
  std::map<std::pair<std::pair<NodeId, NodeId>, node::Lane>, uint64_t> last_due_us_;
  uint64_t delivered_ = 0;
};

// One node's end of it.
class SimTransport final : public node::Transport {
 public:
  SimTransport(Network* network, NodeId self) : network_(network), self_(self) {}
  void Send(NodeId to, node::Lane lane, node::PeerMessage message) override {
    network_->Send(self_, to, lane, std::move(message));
  }

 private:
  Network* const network_;
  const NodeId self_;
};

}  // namespace keel::node_test
