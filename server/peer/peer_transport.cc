#include "server/peer/peer_transport.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/numbers.h"
#include "server/node/quoted.h"
#include "server/node/wire.h"
#include "server/peer/peer_url.h"
#include "server/peer/question.h"

namespace keel::peers {

namespace {

constexpr size_t kReceiveBufferBytes = size_t{256} << 10;

std::string_view NameOf(node::Lane lane) { return lane == node::Lane::kUrgent ? "urgent" : "bulk"; }

}  // namespace

struct PeerTransport::Peer {
  NodeId id;
  bool is_member = false;  // else let in ahead of what is known here
  std::unique_ptr<PeerLink> urgent;
  std::unique_ptr<PeerLink> bulk;
  PeerCounts counts;
  Histogram round_trips;
  bool lost = false;  // since the node was last told
  bool refused = false;
  TimerId tell_timer;
  uint64_t told_us = 0;
  // Said once, until it changes.
  Refusal turned_away = Refusal::kNone;
};

struct PeerTransport::Question {
  std::unique_ptr<peers::Question> question;
  node::Once<Result<node::Introduction>> done;
};

Result<std::unique_ptr<PeerTransport>> PeerTransport::Start(TransportOptions options, Seams seams) {
  std::unique_ptr<PeerTransport> transport(new PeerTransport(std::move(options), std::move(seams)));
  PeerTransport* const self = transport.get();
  for (const net::Address& address : self->options_.listen) {
    KEEL_ASSIGN_OR_RETURN(auto listener,
                          net::TcpListener::Listen(self->executor_, {.address = address},
                                                   [self](std::unique_ptr<net::ByteStream> stream) {
                                                     self->OnAccept(std::move(stream));
                                                   }));
    self->listeners_.push_back(std::move(listener));
  }
  return transport;
}

PeerTransport::PeerTransport(TransportOptions options, Seams seams)
    : options_(std::move(options)),
      seams_(std::move(seams)),
      executor_(seams_.executor),
      receive_buffer_(kReceiveBufferBytes),
      prng_(options_.seed) {}

PeerTransport::~PeerTransport() { Leave(); }

std::vector<net::Address> PeerTransport::addresses() const {
  std::vector<net::Address> found;
  for (const auto& listener : listeners_) found.push_back(listener->address());
  return found;
}

void PeerTransport::Join(const Doorkeeper::Self& self, node::TransportSink* sink) {
  doorkeeper_.SetSelf(self);
  sink_ = sink;
}

void PeerTransport::Leave() {
  sink_ = nullptr;
  listeners_.clear();
  for (const auto& [id, peer] : peers_) executor_->Cancel(peer->tell_timer);
  peers_.clear();
  incoming_.clear();
  questions_.clear();
}

// ---- who there is ----

void PeerTransport::SetMembers(std::shared_ptr<const node::Membership> members,
                               std::shared_ptr<const raft::Config> config) {
  if (members == nullptr) return;
  doorkeeper_.SetMembers(members, config);
  for (auto& [id, peer] : peers_) {
    // A stranger that was let in stays until it is a member; a member that is none any more goes.
    if (!peer->is_member || members->Find(id) != nullptr) continue;
    LOG(INFO) << "event=peer_gone peer=" << HexNumber(id.value());
    CloseIncoming(id);
    executor_->Cancel(peer->tell_timer);
    executor_->Post([gone = std::shared_ptr(std::move(peer))] {});
  }
  std::erase_if(peers_, [](const auto& entry) { return entry.second == nullptr; });
  for (const node::MemberInfo& member : members->members()) {
    if (member.id == doorkeeper_.self().member) continue;
    Peer* const peer = AddPeer(member.id);
    peer->is_member = true;
    SetAddresses(peer, member.peer_urls);
  }
}

// It comes again and is told why not: a member that was cut off may not know yet that it is none.
void PeerTransport::CloseIncoming(NodeId from) {
  for (const auto& [number, incoming] : incoming_) {
    if (incoming.session == nullptr) continue;
    const std::optional<Hello>& known = incoming.session->hello();
    if (!known.has_value() || known->from != from) continue;
    incoming.connection->Close(Aborted("the peer is no member any more"));
  }
}

PeerTransport::Peer* PeerTransport::AddPeer(NodeId id) {
  std::unique_ptr<Peer>& peer = peers_[id];
  if (peer != nullptr) return peer.get();
  peer = std::make_unique<Peer>();
  peer->id = id;
  peer->counts.peer = id;
  for (const node::Lane lane : {node::Lane::kUrgent, node::Lane::kBulk}) {
    auto& link = lane == node::Lane::kUrgent ? peer->urgent : peer->bulk;
    link = std::make_unique<PeerLink>(lane, prng_.Next(), EnvironmentFor(peer.get(), lane));
  }
  return peer.get();
}

PeerLink::Environment PeerTransport::EnvironmentFor(Peer* peer, node::Lane lane) {
  const bool is_urgent = lane == node::Lane::kUrgent;
  return {.executor = executor_,
          .receive_buffer = receive_buffer_,
          .options = &options_.link,
          .hello = [this, peer, lane] { return HelloTo(peer->id, lane); },
          .on_open =
              [peer, lane] {
                peer->turned_away = Refusal::kNone;
                LOG(INFO) << "event=peer_open peer=" << HexNumber(peer->id.value())
                          << " lane=" << NameOf(lane);
              },
          .on_lost = [this, peer](const Status&) { NoteLost(peer, /*refused=*/false); },
          // A process that is gone has neither lane: one of them is enough to say so.
          .on_nobody =
              [this, peer, is_urgent] {
                if (is_urgent) NoteLost(peer, /*refused=*/true);
              },
          .on_turned_away = [this, peer,
                             lane](const Welcome& welcome) { OnTurnedAway(peer, lane, welcome); },
          .on_pong =
              [peer, is_urgent](uint64_t round_trip_us) {
                if (!is_urgent) return;
                peer->counts.round_trip_us = round_trip_us;
                peer->round_trips.Add(round_trip_us);
              }};
}

void PeerTransport::SetAddresses(Peer* peer, const std::vector<std::string>& urls) {
  std::vector<net::Address> addresses;
  for (const std::string& url : urls) {
    Result<net::Address> address = ParseUrl(url);
    if (address.ok()) {
      addresses.push_back(std::move(*address));
    } else {
      LOG(ERROR) << "event=peer_url_unusable peer=" << HexNumber(peer->id.value()) << " url=" << url
                 << " error=\"" << address.status().message() << '"';
    }
  }
  peer->urgent->SetAddresses(addresses);
  peer->bulk->SetAddresses(std::move(addresses));
}

Hello PeerTransport::HelloTo(NodeId peer, node::Lane lane) const {
  const Doorkeeper::Self& self = doorkeeper_.self();
  return {.cluster_id = self.cluster_id,
          .from = self.member,
          .to = peer,
          .lane = lane,
          .boot = self.boot,
          .commit = seams_.commit(),
          .peer_urls = options_.peer_urls};
}

// ---- sending, and what is lost ----

void PeerTransport::Send(NodeId to, node::Lane lane, node::PeerMessage message) {
  KEEL_CHECK(executor_->IsCurrent()) << "the transport lives on the node role";
  if (sink_ == nullptr) return;
  const auto found = peers_.find(to);
  // Somebody who is not known here yet, or not any more: the core will send again.
  if (found == peers_.end()) return;
  Peer* const peer = found->second.get();
  std::string frame;
  const size_t begin = BeginFrame(&frame);
  node::AppendFrame(message, options_.group, &frame);
  if (frame.size() - kFrameHeaderBytes > options_.link.session.message_bytes_max) {
    LOG(ERROR) << "event=peer_message_too_large peer=" << HexNumber(to.value())
               << " bytes=" << frame.size();
    return NoteLost(peer, /*refused=*/false);
  }
  EndFrame(FrameKind::kMessage, begin, &frame);
  peer->counts.sent_bytes += frame.size();
  (lane == node::Lane::kUrgent ? peer->urgent : peer->bulk)->Send(std::move(frame));
}

void PeerTransport::NoteLost(Peer* peer, bool refused) {
  ++peer->counts.losses;
  peer->lost = true;
  peer->refused = peer->refused || refused;
  const uint64_t now_us = executor_->clock().MonotonicUs();
  const uint64_t next_us = peer->told_us + options_.loss_gap_us;
  // That a process is gone may not wait: others count on it to elect a leader.
  const uint64_t delay_us = refused || now_us >= next_us ? 0 : next_us - now_us;
  if (!peer->tell_timer.IsNone() && !refused) return;
  executor_->Cancel(peer->tell_timer);
  peer->tell_timer = executor_->PostAfter(delay_us, alive_.Guard([this, peer] { TellLost(peer); }));
}

void PeerTransport::TellLost(Peer* peer) {
  peer->tell_timer = {};
  peer->told_us = executor_->clock().MonotonicUs();
  if (!std::exchange(peer->lost, false)) return;
  const bool refused = std::exchange(peer->refused, false);
  if (refused) {
    LOG(WARNING) << "event=peer_process_gone peer=" << HexNumber(peer->id.value());
  }
  if (sink_ != nullptr) sink_->OnPeerLost({.peer = peer->id, .refused = refused});
}

void PeerTransport::OnTurnedAway(Peer* peer, node::Lane lane, const Welcome& welcome) {
  if (std::exchange(peer->turned_away, welcome.refusal) == welcome.refusal) return;
  if (welcome.refusal == Refusal::kNotReady) return;
  LOG(WARNING) << "event=peer_turned_us_away peer=" << HexNumber(peer->id.value())
               << " lane=" << NameOf(lane) << " refusal=" << ToString(welcome.refusal)
               << " reason=" << node::Quoted(welcome.reason);
  if (welcome.refusal == Refusal::kRemovedMember && seams_.on_removed) {
    seams_.on_removed(welcome.reason);
  }
}

std::vector<PeerCounts> PeerTransport::counts() const {
  std::vector<PeerCounts> all;
  for (const auto& [id, peer] : peers_) {
    PeerCounts counts = peer->counts;
    counts.round_trips = &peer->round_trips;
    counts.is_open = peer->urgent->IsOpen() && peer->bulk->IsOpen();
    counts.queued_bytes = peer->urgent->queued_bytes() + peer->bulk->queued_bytes();
    all.push_back(counts);
  }
  return all;
}

// ---- coming in ----

void PeerTransport::OnAccept(std::unique_ptr<net::ByteStream> stream) {
  if (incoming_.size() >= options_.connections_max) {
    ++refused_;
    return stream->Close();
  }
  const uint64_t number = next_incoming_++;
  Incoming& incoming = incoming_[number];
  incoming.address = stream->peer();
  const auto make_session = [this, number, &incoming](net::SessionHost* host, std::string_view) {
    auto session = std::make_unique<AcceptSession>(
        options_.link.session,
        AcceptSession::Environment{
            .host = host,
            .judge = [this, number](const Hello& hello) { return Judge(number, hello); },
            .on_message = [this](NodeId from,
                                 std::string_view body) { return OnMessage(from, body); },
            .introduce = seams_.introduce,
            .on_offence =
                [this, number](const Status& what) {
                  ++refused_;
                  LOG(WARNING) << "event=peer_offends address=" << incoming_[number].address
                               << " error=\"" << what.message() << '"';
                }},
        executor_->clock().MonotonicUs());
    incoming.session = session.get();
    return session;
  };
  incoming.connection = std::make_unique<net::Connection>(
      std::move(stream),
      net::Connection::Environment{
          .executor = executor_,
          .clock = &executor_->clock(),
          .receive_buffer = receive_buffer_,
          .on_closed = [this, number](const Status&) { OnIncomingClosed(number); }},
      make_session);
}

Welcome PeerTransport::Judge(uint64_t number, const Hello& hello) {
  const Welcome welcome = doorkeeper_.Judge(hello, seams_.commit());
  if (welcome.refusal != Refusal::kNone) {
    ++refused_;
    if (welcome.refusal == Refusal::kNotReady) return welcome;
    LOG(WARNING) << "event=peer_refused peer=" << HexNumber(hello.from.value())
                 << " address=" << incoming_[number].address << " lane=" << NameOf(hello.lane)
                 << " refusal=" << ToString(welcome.refusal)
                 << " reason=" << node::Quoted(welcome.reason);
    return welcome;
  }
  if (peers_.size() >= 2 * raft::Config::kMembersMax && !peers_.contains(hello.from)) {
    ++refused_;
    return {.refusal = Refusal::kUnknownMember, .reason = "too many unknown members came"};
  }
  TakePlaceOf(hello, number);
  Peer* const peer = AddPeer(hello.from);
  if (!peer->is_member) SetAddresses(peer, hello.peer_urls);
  peer->urgent->Nudge();
  peer->bulk->Nudge();
  return welcome;
}

// What the earlier connection still holds may not come after what the later one brings.
void PeerTransport::TakePlaceOf(const Hello& hello, uint64_t number) {
  for (const auto& [other, incoming] : incoming_) {
    if (other == number || incoming.session == nullptr) continue;
    const std::optional<Hello>& known = incoming.session->hello();
    if (!known.has_value() || known->from != hello.from || known->lane != hello.lane) continue;
    incoming.connection->Close(Aborted("the same peer has connected anew"));
  }
}

bool PeerTransport::OnMessage(NodeId from, std::string_view body) {
  std::optional<node::PeerMessage> message = node::DecodeFrame(body, options_.group);
  if (!message.has_value()) return false;
  const auto peer = peers_.find(from);
  if (peer != peers_.end()) peer->second->counts.received_bytes += body.size() + kFrameHeaderBytes;
  if (sink_ != nullptr) sink_->OnPeerMessage(from, *std::move(message));
  return true;
}

void PeerTransport::OnIncomingClosed(uint64_t number) {
  const auto found = incoming_.find(number);
  if (found == incoming_.end()) return;
  found->second.session = nullptr;
  // The connection is still running.
  executor_->Post(alive_.Guard([this, number] { incoming_.erase(number); }));
}

// ---- questions ----

void PeerTransport::Ask(const node::MemberInfo& peer, node::Once<Result<node::Introduction>> done) {
  const uint64_t number = next_question_++;
  auto asked = std::make_unique<Question>();
  asked->done = std::move(done);
  std::vector<net::Address> addresses;
  for (const std::string& url : peer.peer_urls) {
    Result<net::Address> address = ParseUrl(url);
    if (address.ok()) addresses.push_back(std::move(*address));
  }
  asked->question = std::make_unique<peers::Question>(peers::Question::Options{
      .executor = executor_,
      .receive_buffer = receive_buffer_,
      .addresses = std::move(addresses),
      .timeout_us = options_.question_timeout_us,
      .done = [this, number](Result<node::Introduction> answer) {
        executor_->Post(alive_.Guard([this, number, answer = std::move(answer)]() mutable {
          auto node = questions_.extract(number);
          if (!node.empty()) std::move(node.mapped()->done)(std::move(answer));
        }));
      }});
  questions_.emplace(number, std::move(asked));
}

}  // namespace keel::peers
