// A simulated network between the nodes: it delays, cuts and resets links as it is told, and keeps
// the contract of server/node/transport.h otherwise.
//
// What is sent on one lane of one link arrives in order. A link that is cut loses what is under
// way, and both ends hear that they lost each other; a process that is gone refuses new
// connections. Owned by the test; borrows the World. One thread.
#pragma once

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
  Network(World* world, Latency latency) : world_(world), latency_(latency), wire_(world, {}) {}

  // A process listens as `id`; null: it is gone.
  void SetSink(NodeId id, node::TransportSink* sink);

  void Cut(NodeId a, NodeId b);
  void Mend(NodeId a, NodeId b);
  void MendAll();
  // What is under way is lost; the link works again at once.
  void Reset(NodeId a, NodeId b);
  [[nodiscard]] bool IsCut(NodeId a, NodeId b) const { return cut_.contains(Link(a, b)); }

  void Send(NodeId from, NodeId to, node::Lane lane, node::PeerMessage message);

  [[nodiscard]] uint64_t delivered() const { return delivered_; }

 private:
  static std::pair<NodeId, NodeId> Link(NodeId a, NodeId b) {
    return a < b ? std::pair(a, b) : std::pair(b, a);
  }
  void Deliver(NodeId from, NodeId to, uint64_t epoch, const std::string& bytes);
  void TellLost(NodeId who, NodeId peer, bool refused);

  World* const world_;
  const Latency latency_;
  SimExecutor wire_;
  std::map<NodeId, node::TransportSink*> sinks_;
  std::set<std::pair<NodeId, NodeId>> cut_;
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
