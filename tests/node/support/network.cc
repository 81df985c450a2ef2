#include "tests/node/support/network.h"

#include <algorithm>

namespace keel::node_test {

void Network::SetSink(NodeId id, node::TransportSink* sink) {
  if (sink != nullptr) {
    sinks_[id] = sink;
    return;
  }
  sinks_.erase(id);
  for (const auto& [other, listening] : sinks_) {
    ++epochs_[Link(id, other)];
    if (!IsCut(id, other)) TellLost(other, id, /*refused=*/true);
  }
}

void Network::Cut(NodeId a, NodeId b) {
  cut_.insert(Link(a, b));
  ++epochs_[Link(a, b)];
  TellLost(a, b, false);
  TellLost(b, a, false);
}

void Network::Mend(NodeId a, NodeId b) { cut_.erase(Link(a, b)); }

void Network::MendAll() { cut_.clear(); }

void Network::Reset(NodeId a, NodeId b) {
  ++epochs_[Link(a, b)];
  TellLost(a, b, false);
  TellLost(b, a, false);
}

void Network::TellLost(NodeId who, NodeId peer, bool refused) {
  wire_.PostAfter(world_->prng().Between(latency_.least_us, latency_.most_us),
                  [this, who, peer, refused] {
                    const auto sink = sinks_.find(who);
                    if (sink == sinks_.end()) return;
                    sink->second->OnPeerLost({.peer = peer, .refused = refused});
                  });
}

void Network::Send(NodeId from, NodeId to, node::Lane lane, node::PeerMessage message) {
  if (IsCut(from, to)) return TellLost(from, to, false);
  if (!sinks_.contains(to)) return TellLost(from, to, true);
  const uint64_t epoch = epochs_[Link(from, to)];
  uint64_t& last_us = last_due_us_[{{from, to}, lane}];
  last_us = std::max(
      last_us, world_->now_us() + world_->prng().Between(latency_.least_us, latency_.most_us));
  auto boxed = std::make_unique<node::PeerMessage>(std::move(message));
  wire_.PostAfter(last_us - world_->now_us(), [this, from, to, epoch, boxed = std::move(boxed)] {
    Deliver(from, to, epoch, *boxed);
  });
}

void Network::Deliver(NodeId from, NodeId to, uint64_t epoch, const node::PeerMessage& message) {
  const auto sink = sinks_.find(to);
  if (sink == sinks_.end() || epoch != epochs_[Link(from, to)]) return;
  ++delivered_;
  sink->second->OnPeerMessage(from, message);
}

}  // namespace keel::node_test
