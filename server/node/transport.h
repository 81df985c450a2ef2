// The seam to the other members: messages out, messages and news of links in.
//
// Send never blocks and never fails: what cannot be delivered is lost. What is sent on one lane to
// one peer arrives in order and at most once, or not at all; the urgent lane (votes, heartbeats,
// reads) is never delayed by the bulk lane (entries, forwards, snapshots). When messages that Send
// took are lost, with their connection or at a bound, the sender's sink hears OnPeerLost.
// The implementation checks that a peer is who it says it is, in the same cluster, before the sink
// hears anything of it.
//
// Threads: Send is called on the node role. The sink's calls may come from any thread;
// they only post.
#pragma once

#include "base/ids.h"
#include "server/node/peer_message.h"

namespace keel::node {

enum class Lane : uint8_t { kUrgent, kBulk };

[[nodiscard]] inline Lane LaneOf(const PeerMessage& message) {
  // Small, and somebody's lease runs out meanwhile.
  if (std::holds_alternative<LeaseAsk>(message) || std::holds_alternative<LeaseTold>(message)) {
    return Lane::kUrgent;
  }
  const auto* core = std::get_if<raft::Message>(&message);
  return core != nullptr && raft::IsUrgent(*core) ? Lane::kUrgent : Lane::kBulk;
}

class TransportSink {
 public:
  TransportSink() = default;
  TransportSink(const TransportSink&) = delete;
  TransportSink& operator=(const TransportSink&) = delete;
  virtual ~TransportSink() = default;

  virtual void OnPeerMessage(NodeId from, PeerMessage message) = 0;
  struct Loss {
    NodeId peer;
    // A new connection was refused: nobody listens there, the process is gone.
    bool refused = false;
  };
  virtual void OnPeerLost(const Loss& loss) = 0;
};

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  virtual void Send(NodeId to, Lane lane, PeerMessage message) = 0;
};

}  // namespace keel::node
