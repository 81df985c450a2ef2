// What others ask of a node, and its end.
#include "server/node/node.h"

#include <utility>

#include "base/check.h"
#include "raft/quorum.h"

namespace keel::node {

namespace {

// How long one that has led goes on after it: by then all have heard of the next leader.
constexpr uint64_t kLingerHeartbeats = 2;

}  // namespace

void Node::Start() {
  seams_.roles.node->Post([this] {
    Feed(raft::Tick{});
    HousekeepLater();
  });
}

void Node::Propose(Request request, ProposalDone done) {
  seams_.roles.node->Post([this, asked = Asked{std::move(request), std::move(done)}]() mutable {
    TakeProposal(std::move(asked));
  });
}

void Node::Read(ReadDone done) {
  seams_.roles.node->Post([this, done = std::move(done)]() mutable { TakeRead(std::move(done)); });
}

void Node::Take(Asks asks) {
  seams_.roles.node->Post([this, asks = std::move(asks)]() mutable {
    for (Asked& asked : asks.proposals) TakeProposal(std::move(asked));
    for (ReadDone& done : asks.reads) TakeRead(std::move(done));
  });
}

void Node::TakeRead(ReadDone done) {
  if (stopped_) return std::move(done)(raft::ReadRefusal::kNoLeader, {});
  const std::optional<raft::ReadId> id = reads_.Add(std::move(done), NowMs());
  if (!id.has_value()) return;
  // All that are asked for between two steps are one event.
  auto* last = inputs_.empty() ? nullptr : std::get_if<raft::ReadRequest>(&inputs_.back().event);
  if (last != nullptr) {
    last->ids.push_back(*id);
  } else {
    Feed(raft::ReadRequest{{*id}});
  }
}

void Node::TransferLeadership(NodeId target, Once<raft::TransferOutcome> done) {
  seams_.roles.node->Post([this, target, done = std::move(done)]() mutable {
    transfers_.push_back(std::move(done));
    Feed(raft::TransferLeadership{target});
  });
}

void Node::ReadLog(const LogPiece& piece, Once<std::vector<raft::Entry>> done) {
  seams_.roles.node->Post([this, piece, done = std::move(done)]() mutable {
    writer_->Read({.first = piece.first, .size_bytes_max = piece.size_bytes_max}, std::move(done));
  });
}

void Node::AwaitCompaction(Once<Status> done) {
  seams_.roles.node->Post([this, done = std::move(done)]() mutable {
    compaction_.Await(&apply_.machine(), std::move(done));
  });
}

NodeStatus Node::status() const {
  const std::lock_guard lock(status_mutex_);
  return status_;
}

void Node::OnPeerLost(const Loss& loss) {
  seams_.roles.node->Post([this, loss] {
    pending_.OnLeaderLost(loss.peer, UnknownReason::kLinkLost, NowMs());
    EndHanded(loss.peer, UnknownReason::kLinkLost);
    lease_asks_.OnLost(loss.peer);
    if (loss.refused) gone_.insert(loss.peer);
    Feed(raft::PeerLost{.peer = loss.peer, .refused = loss.refused});
  });
}

void Node::OnPeerMessage(NodeId from, PeerMessage message) {
  // In a box: g++ 12 takes a variant that moves within a lambda for uninitialised.
  auto boxed = std::make_unique<PeerMessage>(std::move(message));
  seams_.roles.node->Post([this, from, boxed = std::move(boxed)]() mutable {
    if (stopped_) {
      // Whoever has not heard yet that another leads may ask that one, and need not wonder.
      if (const auto* forward = std::get_if<Forward>(boxed.get())) RefuseForward(from, *forward);
      return;
    }
    if (!gone_.empty()) gone_.erase(from);
    struct Visitor {
      Node& node;
      NodeId from;
      void operator()(raft::Message& m) const {
        // Whoever speaks on a link speaks for itself alone.
        if (m.from == from && node.MayTake(m)) node.Feed(std::move(m));
      }
      void operator()(const Forward& m) const { node.OnForward(from, m); }
      void operator()(const ForwardReply& m) const { node.OnForwardReply(from, m); }
      void operator()(SnapshotChunk& m) const {
        node.receiver_.OnChunk(from, std::move(m), node.core_->applied());
      }
      void operator()(const SnapshotAck& m) const { node.sender_.OnAck(from, m); }
      void operator()(const LeaseAsk& m) const { node.OnLeaseAsk(from, m); }
      void operator()(const LeaseTold& m) const { node.lease_asks_.OnTold(from, m); }
      void operator()(const MemberAsk& m) const { node.OnMemberAsk(from, m); }
      void operator()(const MemberTold& m) const { node.OnMemberTold(m); }
      void operator()(const ChainTold& m) const { node.NoteChain(from, m); }
    };
    std::visit(Visitor{*this, from}, *boxed);
  });
}

// ---- the end ----

void Node::Stop(Once<Status> done) {
  seams_.roles.node->Post([this, done = std::move(done)]() mutable { BeginStop(std::move(done)); });
}

// A leader asks the best follower to take over first, so that a planned stop leaves no gap: what
// is asked for meanwhile is held, forwarded to the new leader, and answered here once it applies.
void Node::BeginStop(Once<Status> done) {
  KEEL_CHECK(!stopping_) << "a node stops once";
  stopping_ = true;
  hands_off_ = leading_;
  if (ended_.has_value()) return std::move(done)(*ended_);  // it had failed before
  stop_done_ = std::move(done);
  stop_until_ms_ = NowMs() + options_.hand_off_ms;
  if (hands_off_) Feed(raft::TransferLeadership{});
  MaybeFinishStop();
}

// Whoever was let in is answered first, within the same patience.
void Node::MaybeFinishStop() {
  if (!stopping_ || stopped_) return;
  const bool is_asked = pending_.size() > 0 || reads_.size() > 0;
  // What others have sent it as their leader is on its way still.
  const bool is_sought =
      led_until_ms_ > 0 && NowMs() < led_until_ms_ + kLingerHeartbeats * options_.raft.heartbeat_ms;
  // All are stopped together: nobody can take over, and what was asked for comes to nothing.
  const bool waits = HasMajority() && (is_asked || is_sought || (hands_off_ && leading_));
  if (!waits || NowMs() >= stop_until_ms_) FinishStop();
}

// Of processes that may be there.
bool Node::HasMajority() const {
  return raft::MajorityValue(core_->config(), [this](NodeId id) {
           return gone_.contains(id) ? uint64_t{0} : uint64_t{1};
         }) == 1;
}

void Node::FinishStop() {
  if (stopped_) return;
  stopped_ = true;
  pending_.Shutdown();
  reads_.Shutdown();
  lease_asks_.Shutdown();
  compaction_.Shutdown();
  EndHanded(NodeId(), UnknownReason::kShuttingDown);
  EndChanges(Unknown{UnknownReason::kShuttingDown});
  inputs_.clear();
  promises_.clear();
  writer_->Close([this](Status log) {
    apply_.Close([this, log = std::move(log)](const Status& state) {
      ended_ = log.ok() ? state : log;
      if (stop_done_) std::move(stop_done_)(*ended_);
    });
  });
}

}  // namespace keel::node
