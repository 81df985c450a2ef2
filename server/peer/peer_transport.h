// The transport between the members of one cluster, over TCP: server/node/transport.h on sockets.
//
// Each member dials each other one twice, for the urgent lane and for the bulk lane, and sends on
// what it dialed; so a pair has four connections, no lane ever waits for another, and a process
// that died is noticed by whoever had dialed it. Who comes in must say who it is
// (server/peer/greeting.h); a later connection of one member and lane takes the place of the
// earlier. Before the cluster runs, and for those that join it, the same port answers who this
// member is (server/node/bootstrap.h).
//
// Losses are told to the node at most once every `loss_gap_us` for each peer, and never forgotten:
// what is lost meanwhile is told at its end. That nobody listens at a peer's addresses is told once
// until its urgent lane is open again.
//
// Everything belongs to one AsioExecutor, which is also the node role. Destroyed after that has
// ended, or on it; the sink outlives it or is taken away by Leave.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "net/connection.h"
#include "net/tcp.h"
#include "server/node/bootstrap.h"
#include "server/node/transport.h"
#include "server/peer/accept_session.h"
#include "server/peer/greeting.h"
#include "server/peer/peer_link.h"

namespace keel::peers {

struct TransportOptions {
  std::vector<net::Address> listen;
  std::vector<std::string> peer_urls;  // where the others reach this member
  LinkOptions link;
  uint32_t group = 0;
  uint64_t seed = 0;  // of the jitter
  // More incoming ones are closed at once, and counted.
  size_t connections_max = 512;
  uint64_t loss_gap_us = 10'000;
  uint64_t question_timeout_us = 1'500'000;
};

struct PeerCounts {
  NodeId peer;
  bool is_open = false;  // both lanes
  uint64_t sent_bytes = 0;
  uint64_t received_bytes = 0;
  uint64_t losses = 0;
  uint64_t round_trip_us = 0;  // the last one measured
  const Histogram* round_trips = nullptr;
  size_t queued_bytes = 0;
};

class PeerTransport final : public node::Transport, public node::Introducer {
 public:
  struct Seams {
    net::AsioExecutor* executor = nullptr;
    // What this member says of itself; empty while it cannot.
    std::function<std::string()> introduce;
    // How much of the log this member knows to be committed.
    std::function<Index()> commit;
    // Another member says, by the state it has applied, that this one was removed.
    std::function<void(const std::string& reason)> on_removed;
  };
  // Listens at once.
  [[nodiscard]] static Result<std::unique_ptr<PeerTransport>> Start(TransportOptions options,
                                                                    Seams seams);
  ~PeerTransport() override;

  // From here on this member lets others in, and dials them.
  void Join(const Doorkeeper::Self& self, node::TransportSink* sink);
  // As the node knows them now, this member among them. Links follow.
  void SetMembers(std::shared_ptr<const node::Membership> members,
                  std::shared_ptr<const raft::Config> config);
  // The sink hears nothing from here on; all connections end.
  void Leave();

  // ---- node::Transport ----
  void Send(NodeId to, node::Lane lane, node::PeerMessage message) override;

  // ---- node::Introducer ----
  void Ask(const node::MemberInfo& peer, node::Once<Result<node::Introduction>> done) override;

  [[nodiscard]] std::vector<PeerCounts> counts() const;
  [[nodiscard]] uint64_t refused_count() const { return refused_; }
  // Where it really listens.
  [[nodiscard]] std::vector<net::Address> addresses() const;

 private:
  struct Peer;
  struct Question;
  struct Incoming {
    std::unique_ptr<net::Connection> connection;
    std::string address;
    const AcceptSession* session = nullptr;
  };

  PeerTransport(TransportOptions options, Seams seams);
  [[nodiscard]] PeerLink::Environment EnvironmentFor(Peer* peer, node::Lane lane);
  void CloseIncoming(NodeId from);
  Peer* AddPeer(NodeId id);
  void SetAddresses(Peer* peer, const std::vector<std::string>& urls);
  [[nodiscard]] Hello HelloTo(NodeId peer, node::Lane lane) const;

  void NoteLost(Peer* peer, bool refused);
  void TellLost(Peer* peer);
  void OnTurnedAway(Peer* peer, node::Lane lane, const Welcome& welcome);

  void OnAccept(std::unique_ptr<net::ByteStream> stream);
  [[nodiscard]] Welcome Judge(uint64_t number, const Hello& hello);
  void TakePlaceOf(const Hello& hello, uint64_t number);
  [[nodiscard]] bool OnMessage(NodeId from, std::string_view body);
  void OnIncomingClosed(uint64_t number);

  const TransportOptions options_;
  const Seams seams_;
  net::AsioExecutor* const executor_;
  std::vector<char> receive_buffer_;
  Prng prng_;
  Doorkeeper doorkeeper_;
  node::TransportSink* sink_ = nullptr;
  std::vector<std::unique_ptr<net::TcpListener>> listeners_;
  std::map<NodeId, std::unique_ptr<Peer>> peers_;
  std::map<uint64_t, Incoming> incoming_;
  uint64_t next_incoming_ = 1;
  std::map<uint64_t, std::unique_ptr<Question>> questions_;
  uint64_t next_question_ = 1;
  uint64_t refused_ = 0;
  net::Alive alive_;
};

}  // namespace keel::peers
