// One member's consensus core: a pure state machine. Events in, one update out.
//
// It does no I/O, reads no clock, starts no thread and draws randomness only from its seed: the
// same options, past and inputs give the same outputs, bit for bit. The driver owns it, calls it
// from one thread at a time and carries out what Output says (raft/io.h). What it may promise is
// decided by the persists that the driver has confirmed, never by those that are in flight.
//
// The bodies are sorted by subject: raft.cc (events, terms, durability), apply.cc, election.cc,
// follower.cc, leader.cc, replication.cc, members.cc, reads.cc, transfer.cc. raft/README.md
// explains them all.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/prng.h"
#include "raft/config_history.h"
#include "raft/durability.h"
#include "raft/io.h"
#include "raft/log.h"
#include "raft/narration.h"
#include "raft/options.h"
#include "raft/progress.h"
#include "raft/quorum.h"
#include "raft/read_rounds.h"
#include "raft/restored.h"

namespace keel::raft {

enum class Role : uint8_t { kFollower, kPreCandidate, kCandidate, kLeader };
[[nodiscard]] std::string_view ToString(Role role);

class Raft {
 public:
  // Requires options.Validate() to be empty. `sink`, if any, must outlive the core.
  Raft(const Options& options, Restored past, NarrationSink* sink = nullptr);

  // Takes the events in order and writes all that follows from them to `out`, whose buffers are
  // reused. Never fails: what makes no sense is dropped and counted.
  void Step(std::span<const Input> inputs, Output& out);

  // The state, for the driver's status pages and for the invariants.
  [[nodiscard]] NodeId id() const { return options_.id; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] NodeId leader() const { return leader_; }
  [[nodiscard]] const Vote& vote() const { return vote_; }
  [[nodiscard]] Term term() const { return vote_.term; }
  [[nodiscard]] const Log& log() const { return log_; }
  [[nodiscard]] Index commit() const { return commit_; }
  [[nodiscard]] Index applied() const { return applied_; }
  [[nodiscard]] Index delivered() const { return delivered_; }
  [[nodiscard]] const Durability& durability() const { return durability_; }
  [[nodiscard]] const ConfigHistory& configs() const { return configs_; }
  [[nodiscard]] const Config& config() const { return configs_.current(); }
  [[nodiscard]] Health health() const;
  [[nodiscard]] bool state_lost() const { return state_lost_; }
  [[nodiscard]] const std::vector<Progress>& peers() const { return peers_; }
  [[nodiscard]] Index commit_at_broadcast() const { return commit_at_broadcast_; }
  [[nodiscard]] size_t uncommitted_bytes() const { return tail_.bytes; }
  [[nodiscard]] size_t unapplied_bytes() const { return apply_.unapplied_bytes; }
  // Reads that wait here: a leader's for their rounds, a follower's for the leader's answer.
  [[nodiscard]] size_t pending_reads() const {
    return PendingReadCount() + forwarded_reads_.size();
  }
  [[nodiscard]] uint64_t dropped_message_count() const { return dropped_message_count_; }

  // What a snapshot that covers exactly up to `index` must say of it. Requires that the log's base
  // <= index <= applied().
  [[nodiscard]] SnapshotMeta MetaAt(Index index) const;

 private:
  // ---- raft.cc: events, terms, durability ----
  void Handle(const Event& event);
  void OnTick();
  void OnMessage(const Message& message);
  [[nodiscard]] bool AdoptTerm(const Message& message);
  void AnswerStale(const Message& message);
  void OnPersistDone(const PersistDone& done);
  void OnPeerLost(const PeerLost& lost);
  void Drop(const Message& message, std::string_view why);
  void SetVote(Vote vote);
  void BecomeFollower(Term term, NodeId leader, std::string_view why);
  void CutLog(Index from);
  void TakeBackPromises(Index from);
  void Finish();
  void Settle();
  void FillPersist();
  void ReleasePromises();
  void Send(NodeId to, Body body);
  void Promise(NodeId to, Body body);
  [[nodiscard]] bool IsDiskStalled() const;
  [[nodiscard]] Instant NextWake() const;

  // ---- apply.cc ----
  void CommitTo(Index index);
  [[nodiscard]] Index Deliverable() const;
  void Deliver();
  void HandOut(std::vector<Entry> entries, size_t bytes);
  void OnApplied(const Applied& applied);
  void OnCompact(const Compact& compact);
  void OnEntriesFetched(const EntriesFetched& fetched);
  [[nodiscard]] bool IsInstalling() const;

  // ---- election.cc ----
  void ResetElectionTimer();
  void HurryElection();
  void YieldTo(NodeId other);
  [[nodiscard]] bool MayCampaign() const;
  [[nodiscard]] uint32_t PriorityRank() const;
  void OnElectionTimeout();
  void StartPreVote(std::string_view why);
  void StartElection(bool forced);
  void AskForVotes(bool pre, bool forced);
  void OnVoteRequest(const Message& message, const VoteRequest& request);
  [[nodiscard]] std::string_view WhyNoVote(const Message& message,
                                           const VoteRequest& request) const;
  void OnVoteReply(const Message& message, const VoteReply& reply);
  void CountBallots();
  void RecordBallot(NodeId voter, bool granted);
  [[nodiscard]] bool IsSticky() const;
  [[nodiscard]] bool IsRemovedForGood(NodeId id) const;
  void OnRemoved();

  // ---- follower.cc ----
  [[nodiscard]] bool AcceptLeader(const Message& message);
  void OnAppend(const Message& message, const AppendRequest& append);
  [[nodiscard]] bool TakeEntries(const AppendRequest& append);
  void Refuse(NodeId to, const Position& prev);
  void Acknowledge(NodeId to, Index match, bool entries_came);
  void OnHeartbeat(const Message& message, const HeartbeatRequest& heartbeat);
  void OnInstallSnapshot(const Message& message, const InstallSnapshot& install);
  void RefuseSnapshot(NodeId to, const Position& last);
  [[nodiscard]] bool HoldsEnd(const Position& last) const;
  [[nodiscard]] bool HasForgottenItsVote(const Config& members) const;
  void ReplaceState(NodeId leader, const SnapshotMeta& meta, bool keeps_log);
  void Verify(Index index);
  void MaybeHeal();

  // ---- leader.cc ----
  void BecomeLeader();
  void LeaderTick();
  void CheckQuorum();
  void Broadcast();
  void OnPropose(const Propose& propose);
  [[nodiscard]] ProposalRefusal WhyNotProposed(const Payload& payload) const;
  void AppendOwn(EntryKind kind, Payload payload);
  void OnHeartbeatReply(const Message& message, const HeartbeatReply& reply);
  [[nodiscard]] bool NoteHealth(Progress& peer, BootId boot, Health health);
  void MaybeCommit();
  [[nodiscard]] Index MajorityMatch() const;
  void StepDown(std::string_view why);
  void Resign(std::string_view why);
  void AbandonLeadership();
  [[nodiscard]] Progress* Peer(NodeId id);
  [[nodiscard]] const Progress* Peer(NodeId id) const;

  // ---- replication.cc ----
  void Replicate(Progress& peer);
  [[nodiscard]] bool IsSendable(Progress& peer);
  void SendAppend(Progress& peer, bool with_entries);
  void SendEntries(Progress& peer, std::vector<Entry> entries, size_t bytes);
  void OnAppendReply(const Message& message, const AppendReply& reply);
  void WantSnapshot(Progress& peer, Index at_least);
  [[nodiscard]] bool IsSnapshotTooOld(const Progress& peer, const AppendReply& refusal) const;
  void OnSnapshotReady(const SnapshotReady& ready);
  void OnSnapshotFailed(const SnapshotFailed& failed);
  void NoteCatchUp(Progress& peer);

  // ---- members.cc ----
  void OnChangeConfig(const ChangeConfig& change);
  [[nodiscard]] ConfigRefusal WhyNoChange() const;
  [[nodiscard]] ConfigRefusal WhyNotThisChange(const ChangeConfig& change) const;
  void AppendConfig(const std::shared_ptr<const Config>& config, std::string_view context);
  void OnConfigAppended();
  void OnConfigCommitted();
  void PromoteLearners();
  [[nodiscard]] bool IsCaughtUp(NodeId id) const;
  [[nodiscard]] const Config& VotingConfig() const;
  [[nodiscard]] const Config& CountingConfig() const;

  // ---- reads.cc ----
  void OnReadRequest(const ReadRequest& request);
  void OnReadIndexRequest(const Message& message, const ReadIndexRequest& request);
  void OnReadIndexReply(const Message& message, const ReadIndexReply& reply);
  void LeadReads(NodeId asker, std::vector<ReadId> ids);
  void AnswerReads(const PendingReads& reads, Index index);
  void RefuseReads(const PendingReads& reads, ReadRefusal reason);
  void ReleaseHeldReads();
  void ConfirmRounds();
  void ForwardReads(std::vector<ReadId> ids);
  void DropForwardedReads(ReadRefusal reason);
  void ExpireForwardedReads();
  [[nodiscard]] bool HoldsLease() const;
  [[nodiscard]] size_t PendingReadCount() const;

  // ---- transfer.cc ----
  void OnTransferLeadership(const TransferLeadership& transfer);
  void OnTimeoutNow(const Message& message);
  void StartTransfer(NodeId target, bool is_asked_for);
  void AdvanceTransfer();
  void ExpireTransfer();
  void SendTimeoutNow(NodeId target);
  void MaybeYieldToPriority();
  [[nodiscard]] NodeId BestSuccessor() const;
  [[nodiscard]] bool IsFitToLead(const Progress& peer) const;

  const Options options_;
  Narrator narrate_;
  Prng prng_;
  Instant now_;
  bool started_ = false;   // the first input has set the clock
  Output* out_ = nullptr;  // of the step under way

  // What is on disk, or on its way there.
  Vote vote_;
  bool vote_unsaved_ = false;
  Log log_;
  ConfigHistory configs_;
  Durability durability_;
  Index unsaved_from_;  // entries from here on have not been handed to the disk
  struct Install {
    std::optional<SnapshotMeta> unsaved;  // not yet handed to the disk
    bool keeps_log = false;
    PersistId persist;  // the latest that installs a snapshot
  };
  Install install_;

  // Progress of the state machine. Always: applied <= delivered <= commit.
  Index commit_;
  Index delivered_;
  Index applied_;
  struct Delivered {
    Index last;
    size_t bytes = 0;
  };
  struct Apply {
    std::deque<Delivered> unapplied;
    size_t unapplied_bytes = 0;
    bool fetching = false;
    Instant fetch_not_before;  // after a fetch that brought nothing
  };
  Apply apply_;
  bool state_lost_ = false;

  // Everybody's.
  Role role_ = Role::kFollower;
  NodeId leader_;
  Instant heard_at_;          // from leader_
  Instant lease_kept_until_;  // no vote for another before this
  Instant election_due_;
  bool leader_is_dead_ = false;  // its process is gone: stickiness does not apply
  bool log_is_needed_ = false;   // no leader since we refused a candidate that lacks what we hold
  Instant hurry_until_;          // campaigns are repeated quickly before this
  bool damaged_ = false;
  bool removed_ = false;
  uint64_t dropped_message_count_ = 0;

  // A follower's.
  Index verified_;   // our log equals this leader's up to here
  Index heal_from_;  // damaged: whole once durable and verified up to here
  struct ForwardedRead {
    ReadId id;
    Instant asked_at;
  };
  std::deque<ForwardedRead> forwarded_reads_;

  // A candidate's.
  struct RecordedBallot {
    NodeId voter;
    bool granted = false;
  };
  struct Campaign {
    uint64_t round = 0;  // counts all of this start
    std::vector<RecordedBallot> ballots;
  };
  Campaign campaign_;

  // A leader's.
  std::vector<Progress> peers_;  // everybody in the config but ourselves, by id
  Index term_start_;             // its first entry
  bool commit_may_move_ = false;
  struct Tail {
    Index settled;     // committed and durable here: no longer charged
    size_t bytes = 0;  // the charge for what lies behind it
  };
  Tail tail_;
  Instant heartbeat_due_;
  Instant duties_due_;  // all else that a leader does by the clock; no round puts it off
  Instant quorum_check_due_;
  uint64_t round_ = 0;
  struct RoundSent {
    uint64_t round = 0;
    Instant at;
  };
  struct Lease {
    std::deque<RoundSent> rounds_sent;  // which may still extend it
    Instant until;
    bool poisoned = false;  // a transfer was offered in this term (raft-rs 234)
  };
  Lease lease_;
  Index commit_at_broadcast_;
  ReadRounds reads_;
  struct HeldReads {
    std::vector<PendingReads> reads;
    size_t count = 0;  // of single reads
  };
  HeldReads held_;  // until the term's first commit
  std::vector<PendingReads> read_scratch_;
  struct Transfer {
    NodeId target;
    Instant deadline;
    bool is_asked_for = false;  // or else priority alone moves it
    bool sent = false;
  };
  std::optional<Transfer> transfer_;
  Instant yield_not_before_;
  bool resign_at_finish_ = false;
};

}  // namespace keel::raft
