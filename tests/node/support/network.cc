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

void Network::MendAll() {
  cut_.clear();
  cut_one_way_.clear();
}

void Network::CutOneWay(NodeId from, NodeId to) {
  cut_one_way_.insert({from, to});
  TellLost(from, to, false);
}

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
  if (const auto* core = std::get_if<raft::Message>(&message); tap_ && core != nullptr) tap_(*core);
  if (IsCutOneWay(from, to)) return TellLost(from, to, false);
  if (!sinks_.contains(to)) return TellLost(from, to, true);
  Prng& prng = world_->prng();
  uint64_t due_us = world_->now_us() + prng.Between(latency_.least_us, latency_.most_us);
  if (weather_.delay_us_max > 0) due_us += prng.Below(weather_.delay_us_max);
  if (weather_.lost_per_mille > 0 && prng.Chance(weather_.lost_per_mille, 1000)) return;
  // As bytes, so that every run tests the format too.
  std::string bytes;
  node::AppendFrame(message, /*group=*/0, &bytes);
  if (weather_.doubled_per_mille > 0 && prng.Chance(weather_.doubled_per_mille, 1000)) {
    Post(from, to, due_us + prng.Below(4 * latency_.most_us), bytes);
  }
  if (weather_.overtaking_per_mille > 0 && prng.Chance(weather_.overtaking_per_mille, 1000)) {
    return Post(from, to, due_us + prng.Below(8 * latency_.most_us), std::move(bytes));
  }
  uint64_t& last_us = last_due_us_[{{from, to}, lane}];
  last_us = std::max(last_us, due_us);
  Post(from, to, last_us, std::move(bytes));
}

void Network::Post(NodeId from, NodeId to, uint64_t due_us, std::string bytes) {
  const uint64_t epoch = epochs_[Link(from, to)];
  wire_.PostAfter(due_us - world_->now_us(), [this, from, to, epoch, bytes = std::move(bytes)] {
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
