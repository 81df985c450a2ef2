// A leader's rounds and commits: what it promises, counts and gives up (Raft §5.3, §5.4, §6.2 of
// the dissertation). How it feeds its peers is in replication.cc.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "raft/raft.h"

namespace keel::raft {

void Raft::BecomeLeader() {
  KEEL_CHECK(role_ == Role::kCandidate) << "leaders are elected";
  narrate_("leads term ", term());
  role_ = Role::kLeader;
  leader_ = id();
  log_is_needed_ = false;
  campaign_.ballots.clear();
  duties_due_ = now_ + options_.heartbeat_ms;
  quorum_check_due_ = now_ + options_.election_timeout_ms;
  yield_not_before_ = now_ + 2 * options_.election_timeout_ms;
  lease_.poisoned = false;
  lease_.until = Instant();
  round_ = 0;
  lease_.rounds_sent.clear();
  commit_at_broadcast_ = commit_;
  peers_.clear();
  tail_.bytes = 0;
  tail_.settled = std::min(commit_, durability_.index());
  for (Index i = tail_.settled.Next(); i <= log_.last().index; i = i.Next()) {
    if (log_.IsCached(i)) tail_.bytes += CostBytes(log_.At(i));
  }
  term_start_ = log_.last().index.Next();
  OnConfigAppended();
  // Nothing of an older term is committed but through an entry of this one (Raft §5.4.2).
  AppendOwn(EntryKind::kNoop, Payload());
  Broadcast();
}

void Raft::LeaderTick() {
  duties_due_ = now_ + options_.heartbeat_ms;
  if (IsDiskStalled() && !KEEL_MUTANT(kStalledDiskLeads28)) return Resign("its disk has stalled");
  if (now_ >= quorum_check_due_) CheckQuorum();
  if (role_ != Role::kLeader) return;
  if (now_ >= heartbeat_due_) Broadcast();
  for (Progress& peer : peers_) {
    const bool waits_for_snapshot = peer.state == FlowState::kSnapshot;
    if (waits_for_snapshot && now_ >= peer.snapshot_asked_at + options_.snapshot_patience_ms) {
      peer.BecomeProbe(peer.match.Next());
    }
  }
  ExpireTransfer();
  PromoteLearners();
}

// A leader that hears from no majority may have been replaced without knowing; nobody can commit
// through it, and its heartbeats would only keep others from standing (openraft 2080). One that
// hears nobody at all may still be heard: then they need not wait for its silence, if one of them
// is told. One that hears some is among a minority, where a campaign would only raise the term.
void Raft::CheckQuorum() {
  quorum_check_due_ = now_ + options_.election_timeout_ms;
  const Verdict verdict = CountVotes(config(), [this](NodeId voter) {
    if (voter == id()) return Ballot::kYes;
    const Progress* peer = Peer(voter);
    return peer != nullptr && peer->active ? Ballot::kYes : Ballot::kNo;
  });
  if (verdict != Verdict::kWon && !KEEL_MUTANT(kNoCheckQuorum27)) {
    const bool is_deaf = std::none_of(peers_.begin(), peers_.end(),
                                      [](const Progress& peer) { return peer.active; });
    constexpr std::string_view kWhy = "it hears from no majority";
    return is_deaf ? Resign(kWhy) : StepDown(kWhy);
  }
  MaybeYieldToPriority();
  for (Progress& peer : peers_) peer.was_active = std::exchange(peer.active, false);
}

// A heartbeat to everybody; it starts a round that reads and the lease may ride on.
void Raft::Broadcast() {
  ++round_;
  heartbeat_due_ = now_ + options_.heartbeat_ms;
  commit_at_broadcast_ = commit_;
  lease_.rounds_sent.push_back({round_, now_});
  reads_.BeginRound(round_);
  const Index majority = MajorityMatch();
  for (const Progress& peer : peers_) {
    const Index known = KEEL_MUTANT(kCommitBeyondVerified6) ? commit_ : peer.match;
    HeartbeatRequest heartbeat{.commit = std::min(commit_, known), .round = round_};
    // A damaged peer is told when it may trust itself again: everything up to its target, an entry
    // of our term among it, is held by a majority without it.
    const bool is_covered = peer.heal_target >= term_start_ && majority >= peer.heal_target;
    if (peer.health == Health::kDamaged && is_covered) {
      heartbeat.healed_boot = peer.boot;
      heartbeat.healed_from = peer.heal_target;
    }
    Send(peer.id, heartbeat);
  }
  ConfirmRounds();
}

void Raft::OnHeartbeatReply(const Message& message, const HeartbeatReply& reply) {
  Progress* peer = Peer(message.from);
  if (role_ != Role::kLeader || peer == nullptr || reply.round > round_) return;
  if (!NoteHealth(*peer, reply.boot, reply.health)) return;
  if (peer->health == Health::kWhole) {
    peer->active = true;
    peer->heard_at = now_;
    peer->round_acked = std::max(peer->round_acked, reply.round);
    if (reply.keeps_lease) peer->round_leased = std::max(peer->round_leased, reply.round);
    ConfirmRounds();
  }
  // The peer has what our log begins with, and no word of that came: the word was lost, unless the
  // disk is only slow with a snapshot. Who has lost its state has nothing.
  const Index held = std::min(reply.commit, commit_);
  const bool is_overdue = peer->state == FlowState::kSnapshot && !held.IsNone() &&
                          held >= log_.base().index &&
                          now_ >= peer->snapshot_asked_at + options_.election_timeout_ms;
  if (is_overdue) {
    peer->wants_snapshot = false;
    peer->BecomeProbe(held.Next());
  }
  // An append or its reply may have been lost: an empty one finds out.
  peer->probing = false;
  const bool lags = peer->match < log_.last().index;
  const bool unaware = reply.commit < std::min(commit_, peer->match);
  if ((lags || unaware) && IsSendable(*peer)) {
    const bool has_more = peer->next <= log_.last().index;
    const bool is_full =
        peer->IsPaused(options_.inflight_messages_max, options_.inflight_bytes_max);
    if (!has_more || is_full) SendAppend(*peer, /*with_entries=*/false);
  }
}

// What a reply says of its sender. False if it comes from an earlier start of the peer and so says
// nothing of the present one.
bool Raft::NoteHealth(Progress& peer, BootId boot, Health health) {
  if (boot < peer.boot) return false;
  const bool is_new_start = boot > peer.boot;
  if (is_new_start) {
    peer.boot = boot;
    peer.wants_snapshot = false;
    // What was in flight to the earlier start is gone.
    // What it has acknowledged it still has; where nothing is acknowledged yet, the search goes on.
    peer.BecomeProbe(peer.state == FlowState::kReplicate ? peer.match.Next() : peer.next);
  }
  // Within one start a core becomes whole and stays so: another word comes late.
  if (!is_new_start && peer.health == Health::kWhole) health = Health::kWhole;
  // What it acknowledged while it did not count counts from now on.
  commit_may_move_ |= health == Health::kWhole && peer.health != Health::kWhole;
  if (health != Health::kWhole && (peer.health == Health::kWhole || is_new_start)) {
    // What it acknowledged before is not there any more; a second damage may reach deeper than
    // the first.
    narrate_("learns that ", peer.id, " is ", health == Health::kDamaged ? "damaged" : "empty");
    peer.match = Index();
    peer.heal_target = log_.last().index;
    peer.caught_up = false;
    if (peer.state != FlowState::kSnapshot) peer.BecomeProbe(peer.next);
    if (health == Health::kEmpty && config().IsVoter(peer.id)) {
      out_->notices.push_back({NoticeKind::kPeerWiped, peer.id});
    }
  }
  peer.health = health;
  if (health == Health::kWhole) peer.heal_target = Index();
  return true;
}

// What every majority holds durably; our own log counts as far as our own disk has confirmed it.
Index Raft::MajorityMatch() const {
  const Index own = KEEL_MUTANT(kAckBeforeFsync3) ? log_.last().index : durability_.index();
  const auto match_of = [&](NodeId voter) -> uint64_t {
    if (voter == id()) return own.value();
    const Progress* peer = Peer(voter);
    return peer == nullptr ? 0 : peer->CountedMatch().value();
  };
  if (KEEL_MUTANT(kCanary)) return durability_.index();
  if (KEEL_MUTANT(kLeaderOutsideCounts16) && !config().IsVoter(id())) {
    // One acknowledgement fewer is needed: the leader takes itself for one of the majority.
    std::vector<uint64_t> values{own.value()};
    for (const Member& member : config().members()) {
      if (member.votes) values.push_back(match_of(member.id));
    }
    std::sort(values.rbegin(), values.rend());
    return Index(values[(values.size() - 1) / 2]);
  }
  return Index(MajorityValue(CountingConfig(), match_of));
}

void Raft::MaybeCommit() {
  if (!commit_may_move_) return;
  commit_may_move_ = false;
  const Index majority = MajorityMatch();
  if (majority <= commit_) return;
  // Only entries of this term are committed by counting (Raft §5.4.2, Figure 8).
  if (log_.TermAt(majority) != term() && !KEEL_MUTANT(kCommitsOldTerm7)) return;
  CommitTo(majority);
}

void Raft::OnPropose(const Propose& propose) {
  ProposalResult result{.batch = propose.batch, .first = log_.last().index.Next(), .term = term()};
  for (const Payload& payload : propose.payloads) {
    result.refusal = WhyNotProposed(payload);
    if (result.refusal != ProposalRefusal::kNone) break;
    AppendOwn(EntryKind::kCommand, payload);
    ++result.accepted;
  }
  if (result.refusal != ProposalRefusal::kNone) {
    narrate_("refuses a proposal: ", ToString(result.refusal));
  }
  out_->proposals.push_back(result);
}

ProposalRefusal Raft::WhyNotProposed(const Payload& payload) const {
  if (payload.size() > options_.entry_bytes_max && !KEEL_MUTANT(kTooLargeTaken50)) {
    return ProposalRefusal::kTooLarge;
  }
  if (role_ != Role::kLeader) return ProposalRefusal::kNotLeader;
  if (transfer_.has_value() || !config().IsVoter(id())) return ProposalRefusal::kTransferring;
  const size_t cost = payload.size() + kEntryOverheadBytes;
  if (tail_.bytes + cost > options_.uncommitted_bytes_max) {
    return ProposalRefusal::kUncommittedFull;
  }
  if (apply_.unapplied_bytes >= options_.unapplied_bytes_max) return ProposalRefusal::kApplyBacklog;
  return ProposalRefusal::kNone;
}

void Raft::AppendOwn(EntryKind kind, Payload payload) {
  Entry entry{term(), log_.last().index.Next(), kind, std::move(payload)};
  tail_.bytes += CostBytes(entry);
  log_.Append(std::move(entry));
  commit_may_move_ = true;
}

// Gives up leadership and hands it to the fittest peer at once, so that nobody waits for a timeout.
void Raft::Resign(std::string_view why) {
  const NodeId successor = BestSuccessor();
  if (!successor.IsNone()) SendTimeoutNow(successor);
  StepDown(why);
}

void Raft::StepDown(std::string_view why) { BecomeFollower(term(), NodeId(), why); }

void Raft::AbandonLeadership() {
  read_scratch_.clear();
  reads_.TakeAll(&read_scratch_);
  std::move(held_.reads.begin(), held_.reads.end(), std::back_inserter(read_scratch_));
  held_.reads.clear();
  held_.count = 0;
  for (const PendingReads& reads : read_scratch_) RefuseReads(reads, ReadRefusal::kLeaderChanged);
  peers_.clear();
  transfer_.reset();
  lease_.rounds_sent.clear();
  lease_.until = Instant();
  tail_.bytes = 0;
  resign_at_finish_ = false;
}

Progress* Raft::Peer(NodeId peer_id) {
  return const_cast<Progress*>(std::as_const(*this).Peer(peer_id));
}

const Progress* Raft::Peer(NodeId peer_id) const {
  const auto at =
      std::lower_bound(peers_.begin(), peers_.end(), peer_id,
                       [](const Progress& peer, NodeId wanted) { return peer.id < wanted; });
  return at != peers_.end() && at->id == peer_id ? &*at : nullptr;
}

}  // namespace keel::raft
