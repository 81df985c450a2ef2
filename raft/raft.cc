#include "raft/raft.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"

namespace keel::raft {

std::string_view ToString(Role role) {
  switch (role) {
    case Role::kFollower:
      return "follower";
    case Role::kPreCandidate:
      return "pre-candidate";
    case Role::kCandidate:
      return "candidate";
    case Role::kLeader:
      return "leader";
  }
  return "?";
}

Raft::Raft(const Options& options, Restored past, NarrationSink* sink)
    : options_(options),
      narrate_(options.id, sink),
      prng_(options.seed),
      vote_(past.vote),
      log_(std::move(past.log_)),
      configs_(std::move(past.configs_)),
      durability_(past.vote, log_.last().index),
      unsaved_from_(log_.last().index.Next()),
      damaged_(past.damaged) {
  const std::string wrong = options_.Validate();
  KEEL_CHECK(wrong.empty()) << wrong;
  KEEL_CHECK(past.applied <= log_.last().index) << "state ahead of the log was never committed";
  KEEL_CHECK(vote_.term >= log_.last().term) << "the vote is durable before any entry of its term";
  // A state older than the log's first entry cannot be rebuilt from the log: going on would leave a
  // gap (redisraft 43).
  state_lost_ = past.applied < log_.base().index && !KEEL_MUTANT(kGapAfterSnapshot38);
  commit_ = delivered_ = applied_ = verified_ = std::max(log_.base().index, past.applied);
  narrate_("starts at term ", vote_.term, ", log ", log_.base(), " to ", log_.last(), ", members ",
           config(), damaged_ ? ", damaged" : "", state_lost_ ? ", state lost" : "");
}

Health Raft::health() const {
  if (damaged_) return Health::kDamaged;
  // Who is named by no config of its own has not joined yet, or has forgotten that it did.
  const bool is_empty = config().Find(id()) == nullptr && !config().WasRemoved(id());
  return is_empty && !KEEL_MUTANT(kWipedComesBack54) ? Health::kEmpty : Health::kWhole;
}

SnapshotMeta Raft::MetaAt(Index index) const {
  KEEL_CHECK(index <= applied_) << "a snapshot covers what was applied";
  const std::optional<Term> term = log_.TermAt(index);
  KEEL_CHECK(term.has_value()) << "the log still reaches back to what a snapshot covers";
  return {{index, *term}, configs_.At(index)};
}

void Raft::Step(std::span<const Input> inputs, Output& out) {
  out.Clear();
  out_ = &out;
  for (const Input& input : inputs) {
    now_ = std::max(now_, input.now);
    if (!started_) {
      started_ = true;
      // A promise made before a restart is forgotten; it cannot have reached further than this. It
      // may have been made while a config that still stands in the log was already cut in memory.
      if (configs_.AnyLeaseReads()) lease_kept_until_ = now_ + options_.election_timeout_ms;
      ResetElectionTimer();
    }
    Handle(input.event);
  }
  Finish();
  out_ = nullptr;
}

void Raft::Handle(const Event& event) {
  struct Visitor {
    Raft& raft;
    void operator()(const Tick&) { raft.OnTick(); }
    void operator()(const Message& m) { raft.OnMessage(m); }
    void operator()(const Propose& e) { raft.OnPropose(e); }
    void operator()(const ReadRequest& e) { raft.OnReadRequest(e); }
    void operator()(const ChangeConfig& e) { raft.OnChangeConfig(e); }
    void operator()(const TransferLeadership& e) { raft.OnTransferLeadership(e); }
    void operator()(const PersistDone& e) { raft.OnPersistDone(e); }
    void operator()(const Applied& e) { raft.OnApplied(e); }
    void operator()(const Compact& e) { raft.OnCompact(e); }
    void operator()(const SnapshotReady& e) { raft.OnSnapshotReady(e); }
    void operator()(const SnapshotFailed& e) { raft.OnSnapshotFailed(e); }
    void operator()(const EntriesFetched& e) { raft.OnEntriesFetched(e); }
    void operator()(const PeerLost& e) { raft.OnPeerLost(e); }
  };
  std::visit(Visitor{*this}, event);
}

void Raft::OnTick() {
  if (role_ == Role::kLeader) {
    LeaderTick();
    return;
  }
  ExpireForwardedReads();
  if (now_ >= election_due_) OnElectionTimeout();
}

void Raft::Drop(const Message& message, std::string_view why) {
  ++dropped_message_count_;
  narrate_("drops what ", message.from, " sent: ", why);
}

void Raft::OnMessage(const Message& message) {
  if (message.to != id() || !IsWellFormed(message)) return Drop(message, "it is malformed");
  if (const auto* request = std::get_if<VoteRequest>(&message.body)) {
    return OnVoteRequest(message, *request);
  }
  if (!AdoptTerm(message)) return;
  struct Visitor {
    Raft& raft;
    const Message& message;
    void operator()(const VoteRequest&) {}
    void operator()(const VoteReply& m) { raft.OnVoteReply(message, m); }
    void operator()(const AppendRequest& m) { raft.OnAppend(message, m); }
    void operator()(const AppendReply& m) { raft.OnAppendReply(message, m); }
    void operator()(const HeartbeatRequest& m) { raft.OnHeartbeat(message, m); }
    void operator()(const HeartbeatReply& m) { raft.OnHeartbeatReply(message, m); }
    void operator()(const TimeoutNow&) { raft.OnTimeoutNow(message); }
    void operator()(const InstallSnapshot& m) { raft.OnInstallSnapshot(message, m); }
    void operator()(const ReadIndexRequest& m) { raft.OnReadIndexRequest(message, m); }
    void operator()(const ReadIndexReply& m) { raft.OnReadIndexReply(message, m); }
  };
  std::visit(Visitor{*this, message}, message.body);
}

// Raft §5.1. False if the message belongs to a past term and has been dealt with.
bool Raft::AdoptTerm(const Message& message) {
  if (message.term > term()) {
    const bool from_leader = std::holds_alternative<AppendRequest>(message.body) ||
                             std::holds_alternative<HeartbeatRequest>(message.body) ||
                             std::holds_alternative<InstallSnapshot>(message.body);
    BecomeFollower(message.term, from_leader ? message.from : NodeId(), "a later term has begun");
    return true;
  }
  if (message.term == term()) return true;
  AnswerStale(message);
  return false;
}

// A leader of a past term must hear of the new one, or it would go on, and a peer that is stuck in
// a later term would never be heard (etcd 8501).
void Raft::AnswerStale(const Message& message) {
  // A granted or refused pre-vote comes from a core whose term is lower by nature.
  if (const auto* reply = std::get_if<VoteReply>(&message.body); reply != nullptr && reply->pre) {
    return OnVoteReply(message, *reply);
  }
  if (const auto* append = std::get_if<AppendRequest>(&message.body)) {
    AppendReply reply{.health = health(), .boot = options_.boot, .refused = append->prev.index};
    return Send(message.from, reply);
  }
  if (const auto* heartbeat = std::get_if<HeartbeatRequest>(&message.body)) {
    return Send(message.from, HeartbeatReply{.round = heartbeat->round,
                                             .health = health(),
                                             .boot = options_.boot,
                                             .commit = commit_});
  }
  if (std::holds_alternative<InstallSnapshot>(message.body)) {
    return Send(message.from, AppendReply{.health = health(), .boot = options_.boot});
  }
  ++dropped_message_count_;
}

void Raft::SetVote(Vote vote) {
  if (vote == vote_) return;
  vote_ = vote;
  vote_unsaved_ = true;
}

void Raft::BecomeFollower(Term new_term, NodeId new_leader, std::string_view why) {
  const bool led = role_ == Role::kLeader;
  const bool new_times = new_term != term() || new_leader != leader_;
  if (role_ != Role::kFollower || new_term != term()) {
    narrate_("follows at term ", new_term, ": ", why);
  }
  if (led) AbandonLeadership();
  if (new_term != term()) {
    SetVote({new_term, NodeId()});
  } else if (KEEL_MUTANT(kVoteErasedOnStepDown2) && role_ != Role::kFollower) {
    SetVote({new_term, NodeId()});
  }
  role_ = Role::kFollower;
  campaign_.ballots.clear();
  if (new_times) {
    leader_ = new_leader;
    leader_is_dead_ = false;
    verified_ = commit_;
    heal_from_ = Index();
    DropForwardedReads(ReadRefusal::kLeaderChanged);
  }
  if (led || new_times) ResetElectionTimer();
}

// Requires that `from` lies behind the commit index.
void Raft::CutLog(Index from) {
  KEEL_CHECK(from > commit_) << "what is committed is never cut";
  narrate_("cuts its log from ", from);
  log_.TruncateFrom(from);
  configs_.TruncateFrom(from);
  durability_.TruncateFrom(from);
  unsaved_from_ = std::min(unsaved_from_, from);
  TakeBackPromises(from);
}

// What this very step has acknowledged from `from` on will never have been durable.
void Raft::TakeBackPromises(Index from) {
  std::erase_if(out_->send_after_persist, [from](const Message& message) {
    const auto* reply = std::get_if<AppendReply>(&message.body);
    return reply != nullptr && reply->success && reply->match >= from;
  });
}

void Raft::OnPersistDone(const PersistDone& done) {
  durability_.Complete(done.id);
  if (role_ == Role::kCandidate && durability_.vote() == vote_ && vote_.candidate == id()) {
    RecordBallot(id(), true);
    CountBallots();
  }
  commit_may_move_ = true;
  MaybeHeal();
}

void Raft::OnPeerLost(const PeerLost& lost) {
  if (role_ == Role::kLeader) {
    // Whatever was in flight on the old connection is gone.
    if (Progress* peer = Peer(lost.peer); peer != nullptr) {
      if (peer->state == FlowState::kReplicate) peer->BecomeProbe(peer->match.Next());
      peer->probing = false;
    }
    return;
  }
  // Its answers may be among what was lost: whoever asked may ask again, and another by then.
  if (lost.peer == leader_) DropForwardedReads(ReadRefusal::kTimedOut);
  // A reset alone says nothing of the leader; its process is dead only if nobody listens there.
  // With lease reads on, only time frees a follower of its promise.
  if (!lost.refused || lost.peer != leader_ || leader_.IsNone()) return;
  if (config().lease_reads() || now_ < lease_kept_until_) return;
  if (leader_is_dead_ || role_ != Role::kFollower) return;
  leader_is_dead_ = true;
  narrate_("finds its leader's process dead");
  if (!MayCampaign()) return;
  hurry_until_ = now_ + options_.election_timeout_ms;
  HurryElection();
}

void Raft::Send(NodeId to, Body body) {
  out_->send_now.push_back({id(), to, term(), std::move(body)});
}

// For whatever promises that something is durable: it leaves when everything up to now is.
void Raft::Promise(NodeId to, Body body) {
  out_->send_after_persist.push_back({id(), to, term(), std::move(body)});
}

// The end of every step: what the events have changed is turned into one update.
void Raft::Finish() {
  if (role_ == Role::kLeader) {
    MaybeCommit();
    if (reads_.WantsRound() && !reads_.HasRoundInFlight()) Broadcast();
  }
  if (role_ == Role::kLeader) {
    for (Progress& peer : peers_) Replicate(peer);
    AdvanceTransfer();
    if (resign_at_finish_) {
      Resign("it is no longer a voter");
      if (config().WasRemoved(id()) && configs_.current_index() <= commit_) OnRemoved();
    }
  }
  Deliver();
  FillPersist();
  ReleasePromises();
  Settle();
  log_.Evict(role_ == Role::kLeader ? tail_.settled : durability_.index(),
             options_.cache_bytes_max);
  out_->wake_at = NextWake();
}

// Frees a leader's tail of what is both committed and durable here.
void Raft::Settle() {
  if (role_ != Role::kLeader) return;
  const Index upto = std::min(commit_, durability_.index());
  for (; tail_.settled < upto; tail_.settled = tail_.settled.Next()) {
    // What was not cached when this core began to lead was never charged.
    if (log_.IsCached(tail_.settled.Next()))
      tail_.bytes -= CostBytes(log_.At(tail_.settled.Next()));
  }
}

void Raft::FillPersist() {
  Persist& persist = out_->persist;
  const bool has_entries = log_.last().index >= unsaved_from_;
  if (!vote_unsaved_ && !has_entries && !install_.unsaved.has_value()) return;
  Vote durable_vote = vote_;
  bool vote_follows = false;
  if (KEEL_MUTANT(kTermAndVoteApart1) && !vote_.candidate.IsNone() &&
      durability_.vote().term != vote_.term && vote_unsaved_) {
    durable_vote.candidate = NodeId();
    vote_follows = true;
  }
  persist.id = durability_.Issue(now_, durable_vote, log_.last().index);
  if (vote_unsaved_) persist.vote = durable_vote;
  vote_unsaved_ = vote_follows;
  if (install_.unsaved.has_value()) {
    persist.snapshot = std::exchange(install_.unsaved, std::nullopt);
    persist.keeps_log = install_.keeps_log;
    install_.persist = persist.id;
  }
  if (has_entries) {
    log_.Slice(unsaved_from_, log_.last().index, SIZE_MAX, &persist.entries);
    unsaved_from_ = log_.last().index.Next();
  }
}

// What was promised waits for this step's persist, or for the last one that is still in flight; if
// the disk owes nothing, it may go.
void Raft::ReleasePromises() {
  std::vector<Message>& promises = out_->send_after_persist;
  if (promises.empty()) return;
  if (durability_.IsIdle()) {
    std::move(promises.begin(), promises.end(), std::back_inserter(out_->send_now));
    promises.clear();
    return;
  }
  out_->after = durability_.last_issued();
}

bool Raft::IsDiskStalled() const {
  return !durability_.IsIdle() &&
         now_ >= durability_.OldestIssuedAt() + options_.election_timeout_ms;
}

Instant Raft::NextWake() const {
  // Reads broadcast, too, and so put the next heartbeat off; the leader's other duties must not
  // wait for a pause in the reads.
  const bool leads = role_ == Role::kLeader;
  Instant wake = leads ? std::min(heartbeat_due_, duties_due_) : election_due_;
  if (now_ < apply_.fetch_not_before) wake = std::min(wake, apply_.fetch_not_before);
  if (!leads && !forwarded_reads_.empty()) {
    wake = std::min(wake, forwarded_reads_.front().asked_at + 2 * options_.election_timeout_ms);
  }
  return wake;
}

}  // namespace keel::raft
