#include "tests/node/support/network.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "server/node/wire.h"

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
  // As bytes, so that every run tests the format too.
  std::string bytes;
  node::AppendFrame(message, /*group=*/0, &bytes);
  wire_.PostAfter(last_us - world_->now_us(), [this, from, to, epoch, bytes = std::move(bytes)] {
    Deliver(from, to, epoch, bytes);
  });
}

void Network::Deliver(NodeId from, NodeId to, uint64_t epoch, const std::string& bytes) {
  const auto sink = sinks_.find(to);
  if (sink == sinks_.end() || epoch != epochs_[Link(from, to)]) return;
  ++delivered_;
  std::optional<node::PeerMessage> message = node::DecodeFrame(bytes, /*group=*/0);
  KEEL_CHECK(message.has_value()) << "what was encoded decodes";
  sink->second->OnPeerMessage(from, std::move(*message));
}

}  // namespace keel::node_test
