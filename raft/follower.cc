// What a follower does with what its leader sends (Raft §5.3, §7), and how a damaged one heals.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "raft/raft.h"

namespace keel::raft {

// False if the sender cannot be this term's leader: then it is not believed in anything.
bool Raft::AcceptLeader(const Message& message) {
  if (role_ == Role::kLeader) {
    Drop(message, "this core leads the term itself");
    return false;
  }
  if (!leader_.IsNone() && leader_ != message.from) {
    Drop(message, "the term has another leader");
    return false;
  }
  if (role_ != Role::kFollower || leader_ != message.from) {
    BecomeFollower(term(), message.from, "the term's leader is heard");
    narrate_("has the leader ", message.from);
  }
  leader_is_dead_ = false;
  log_is_needed_ = false;
  hurry_until_ = Instant();
  heard_at_ = now_;
  ResetElectionTimer();
  return true;
}

void Raft::OnAppend(const Message& message, const AppendRequest& append) {
  if (!AcceptLeader(message)) return;
  const Index last_sent = append.prev.index + append.entries.size();
  if (last_sent <= commit_) {
    // All of it is committed here, and so equals the leader's log (leader completeness).
    Verify(commit_);
    return Acknowledge(message.from, commit_, /*entries_came=*/true);
  }
  if (append.prev.index >= commit_ && !log_.Matches(append.prev)) {
    return Refuse(message.from, append.prev);
  }
  if (!TakeEntries(append)) return Drop(message, "it contradicts what is committed or verified");
  Verify(last_sent);
  CommitTo(
      std::min(append.commit, KEEL_MUTANT(kCommitBeyondVerified6) ? log_.last().index : verified_));
  const Index match = KEEL_MUTANT(kSuccessThenTruncated8) ? log_.last().index : last_sent;
  Acknowledge(message.from, match, !append.entries.empty());
}

// Adds what is new, cutting the log only where it really differs: an append that arrives late must
// not undo a later one. False if the append asks to cut what is settled.
bool Raft::TakeEntries(const AppendRequest& append) {
  for (const Entry& entry : append.entries) {
    if (entry.index <= commit_) {
      if (entry.index >= log_.base().index && !log_.Matches({entry.index, entry.term}))
        return false;
      continue;
    }
    if (entry.index <= log_.last().index) {
      if (log_.Matches({entry.index, entry.term})) continue;
      if (entry.index <= verified_) return false;
      CutLog(entry.index);
    }
    std::shared_ptr<const Config> members;
    if (entry.kind == EntryKind::kConfig) {
      members = Config::Decode(entry.payload.view()).config;
      if (HasForgottenItsVote(*members)) return false;
    }
    log_.Append(entry);
    if (members != nullptr) {
      configs_.Append(entry.index, std::move(members));
      narrate_("has the members ", config(), " from entry ", entry.index);
    }
  }
  const Index last_sent = append.prev.index + append.entries.size();
  if (KEEL_MUTANT(kDelayedAppendTruncates10) && last_sent < log_.last().index &&
      last_sent >= commit_ && !append.entries.empty()) {
    CutLog(last_sent.Next());
  }
  return true;
}

void Raft::Refuse(NodeId to, const Position& prev) {
  const Index below = std::min(prev.index.Prev(), log_.last().index);
  const Position hint = log_.LastAtOrBelow(below, prev.term);
  narrate_("refuses entries behind ", prev, ", its log may match at ", hint);
  Send(to, AppendReply{.wants_snapshot = state_lost_,
                       .health = health(),
                       .boot = options_.boot,
                       .refused = prev.index,
                       .hint = hint});
}

void Raft::Acknowledge(NodeId to, Index match, bool entries_came) {
  const AppendReply reply{.success = true,
                          .wants_snapshot = state_lost_ && !IsInstalling(),
                          .health = health(),
                          .boot = options_.boot,
                          .match = match};
  // An empty append vouches for everything before it just the same (yugabyte 32875).
  if (KEEL_MUTANT(kEmptyAppendAcks4) && !entries_came) return Send(to, reply);
  Promise(to, reply);
}

void Raft::OnHeartbeat(const Message& message, const HeartbeatRequest& heartbeat) {
  if (!AcceptLeader(message)) return;
  CommitTo(std::min(heartbeat.commit,
                    KEEL_MUTANT(kCommitBeyondVerified6) ? log_.last().index : verified_));
  // The promise must survive a restart: the option has to be durable before it is kept.
  const bool keeps_lease =
      config().lease_reads() && configs_.current_index() <= durability_.index();
  if (keeps_lease) lease_kept_until_ = now_ + options_.election_timeout_ms;
  if (damaged_ && heartbeat.healed_boot == options_.boot) {
    heal_from_ = heartbeat.healed_from;
    MaybeHeal();
  }
  Send(message.from, HeartbeatReply{.round = heartbeat.round,
                                    .keeps_lease = keeps_lease,
                                    .health = health(),
                                    .boot = options_.boot,
                                    // Without its state it has nothing that is committed.
                                    .commit = state_lost_ ? Index() : commit_});
}

void Raft::OnInstallSnapshot(const Message& message, const InstallSnapshot& install) {
  if (!AcceptLeader(message)) return;
  const Position& last = install.meta.last;
  if (HasForgottenItsVote(*install.meta.config)) return Drop(message, "it lost its directory");
  if (KEEL_MUTANT(kTwoQuickSnapshots35) && IsInstalling() && last.index > commit_) {
    return Send(
        message.from,
        AppendReply{
            .success = true, .health = health(), .boot = options_.boot, .match = last.index});
  }
  const bool is_saved = last.index < unsaved_from_;
  if (state_lost_ && is_saved && last.index >= log_.base().index && log_.Matches(last)) {
    // The log is whole and has been acknowledged: only what lies below the snapshot goes.
    log_.CompactTo(last.index);
    configs_.CompactTo(last.index);
    unsaved_from_ = std::max(unsaved_from_, last.index.Next());
    return ReplaceState(message.from, install.meta, /*keeps_log=*/true);
  }
  const bool is_old = last.index <= commit_ && !KEEL_MUTANT(kOldSnapshot37);
  if (state_lost_ && last.index < log_.base().index) return RefuseSnapshot(message.from, last);
  if (is_old || (!state_lost_ && HoldsEnd(last))) {
    // Our log holds it all; knowing that it is committed is enough.
    narrate_("has all of the snapshot up to ", last);
    Verify(last.index);
    CommitTo(last.index);
    return Acknowledge(message.from, std::max(last.index, commit_), /*entries_came=*/true);
  }
  // Nothing of a log that differs at the snapshot's end may stay behind it (hashicorp/raft 704).
  log_.Reset(last);
  configs_ = ConfigHistory(last.index, install.meta.config);
  durability_.Reset();
  unsaved_from_ = last.index.Next();
  TakeBackPromises(unsaved_from_);
  ReplaceState(message.from, install.meta, /*keeps_log=*/false);
}

// It ends before our log begins: with the state gone, there would be a gap between the two.
void Raft::RefuseSnapshot(NodeId to, const Position& last) {
  narrate_("refuses the snapshot up to ", last, ": its log begins at ", log_.base());
  Send(to, AppendReply{.wants_snapshot = true,
                       .health = health(),
                       .boot = options_.boot,
                       .refused = last.index,
                       .hint = log_.base()});
}

// Whoever joins learns first and is promoted when it holds the log. A core that holds nothing and
// hears that it votes had a directory once, and may have voted: what was on its way to it then must
// not make it look whole now.
bool Raft::HasForgottenItsVote(const Config& members) const {
  return health() == Health::kEmpty && members.IsVoter(id());
}

bool Raft::HoldsEnd(const Position& last) const {
  if (KEEL_MUTANT(kKeepsConflict36)) return log_.TermAt(last.index).has_value();
  if (KEEL_MUTANT(kOldSnapshot37) && last.index <= commit_) return false;
  return log_.Matches(last);
}

void Raft::ReplaceState(NodeId leader, const SnapshotMeta& meta, bool keeps_log) {
  narrate_("installs the snapshot up to ", meta.last);
  install_.unsaved = meta;
  install_.keeps_log = keeps_log;
  commit_ = keeps_log ? std::max(commit_, meta.last.index) : meta.last.index;
  delivered_ = applied_ = meta.last.index;
  apply_.unapplied.clear();
  apply_.unapplied_bytes = 0;
  out_->committed.clear();  // handed out in this very step, and overtaken
  apply_.fetching = false;
  verified_ = keeps_log ? std::max(verified_, meta.last.index) : meta.last.index;
  state_lost_ = false;
  if (configs_.current_index() <= commit_) OnConfigCommitted();
  // It counts once it is durable, not when it is accepted.
  Acknowledge(leader, meta.last.index, /*entries_came=*/true);
}

void Raft::Verify(Index index) {
  if (index <= verified_) return;
  verified_ = index;
  MaybeHeal();
}

// A damaged core is whole again once its disk holds what the leader said it must.
void Raft::MaybeHeal() {
  if (!damaged_ || heal_from_.IsNone()) return;
  if (verified_ < heal_from_ || durability_.index() < heal_from_) return;
  damaged_ = false;
  narrate_("is whole again: it holds everything up to ", heal_from_);
  out_->notices.push_back({NoticeKind::kHealed, id()});
}

}  // namespace keel::raft
