// How a leader feeds one peer: probing, streaming, or by snapshot (Raft §5.3, §7).
#include <algorithm>
#include <utility>

#include "raft/raft.h"

namespace keel::raft {

// Sends the peer whatever it lacks and may be sent now.
void Raft::Replicate(Progress& peer) {
  const auto is_paused = [&] {
    return peer.IsPaused(options_.inflight_messages_max, options_.inflight_bytes_max);
  };
  // A pause comes first: a snapshot that failed is not wanted again before the peer is heard.
  if (is_paused() || !IsSendable(peer)) return;
  while (!is_paused()) {
    const bool has_entries = peer.next <= log_.last().index;
    const bool has_commit = commit_ > peer.commit_sent && peer.health != Health::kEmpty;
    if (!has_entries && !has_commit) return;
    const Index next_before = peer.next;
    SendAppend(peer, has_entries);
    if (peer.fetching || (has_entries && peer.next == next_before)) return;
  }
}

// Whether appends make sense for the peer; if the log no longer holds what it needs, a snapshot is
// asked for instead.
bool Raft::IsSendable(Progress& peer) {
  // A voter with an empty directory has forgotten its votes: it gets nothing until it is replaced.
  if (peer.health == Health::kEmpty && config().IsVoter(peer.id)) return false;
  if (peer.state == FlowState::kSnapshot || peer.fetching) return false;
  if (!peer.wants_snapshot && peer.next > log_.base().index) return true;
  WantSnapshot(peer, peer.wants_snapshot ? std::min(commit_, peer.match) : Index());
  return false;
}

void Raft::SendAppend(Progress& peer, bool with_entries) {
  if (!with_entries) return SendEntries(peer, {}, 0);
  if (!log_.IsCached(peer.next)) {
    peer.fetching = true;
    out_->entries_wanted.push_back({peer.id, peer.next, options_.message_bytes_max});
    return;
  }
  std::vector<Entry> entries;
  const size_t bytes =
      log_.Slice(peer.next, log_.last().index, options_.message_bytes_max, &entries);
  SendEntries(peer, std::move(entries), bytes);
}

void Raft::SendEntries(Progress& peer, std::vector<Entry> entries, size_t bytes) {
  const Index prev = peer.next.Prev();
  const size_t count = entries.size();
  peer.commit_sent = std::max(peer.commit_sent, commit_);
  if (peer.state == FlowState::kProbe) {
    peer.probing = true;
  } else if (count > 0) {
    peer.next = peer.next + count;
    peer.inflight.Add(peer.next.Prev(), bytes);
  }
  Send(peer.id, AppendRequest{{prev, *log_.TermAt(prev)}, commit_, std::move(entries)});
}

void Raft::OnAppendReply(const Message& message, const AppendReply& reply) {
  Progress* peer = Peer(message.from);
  if (role_ != Role::kLeader || peer == nullptr) return;
  if (reply.match > log_.last().index) return Drop(message, "it claims more than was sent");
  if (!NoteHealth(*peer, reply.boot, reply.health)) return;
  peer->active |= peer->health == Health::kWhole;
  peer->wants_snapshot = reply.wants_snapshot;
  if (!reply.success) {
    if (peer->state == FlowState::kSnapshot && IsSnapshotTooOld(*peer, reply)) {
      return WantSnapshot(*peer, std::min(commit_, reply.hint.index));
    }
    // Both logs' terms together find the place where they may meet in few steps (Raft §5.3).
    const Position meeting = log_.LastAtOrBelow(reply.hint.index, reply.hint.term);
    if (peer->state != FlowState::kSnapshot && !reply.refused.IsNone()) {
      peer->Refuse(reply.refused, meeting.index);
    }
    return;
  }
  const bool is_new = peer->Acknowledge(reply.match);
  commit_may_move_ |= is_new;
  if (peer->state == FlowState::kProbe) {
    peer->BecomeReplicate();
  } else if (peer->state == FlowState::kSnapshot && peer->match >= log_.base().index &&
             !reply.wants_snapshot) {
    // By whichever snapshot, or by appends that were late: the log reaches back to it again.
    narrate_("has brought ", peer->id, " up to entry ", peer->match);
    peer->BecomeProbe(peer->match.Next());
    peer->BecomeReplicate();
  }
  NoteCatchUp(*peer);
}

void Raft::WantSnapshot(Progress& peer, Index at_least) {
  narrate_("wants a snapshot for ", peer.id);
  peer.BecomeSnapshot(now_, std::max(log_.base().index, at_least));
  out_->snapshots_wanted.push_back({peer.id, peer.snapshot_needed});
}

// The peer has lost its state, its log begins behind what the snapshot covers, and it said so.
bool Raft::IsSnapshotTooOld(const Progress& peer, const AppendReply& refusal) const {
  return refusal.wants_snapshot && !peer.snapshot_index.IsNone() &&
         refusal.refused == peer.snapshot_index && refusal.hint.index > peer.snapshot_index;
}

void Raft::OnSnapshotReady(const SnapshotReady& ready) {
  Progress* peer = Peer(ready.peer);
  if (role_ != Role::kLeader || peer == nullptr || peer->state != FlowState::kSnapshot) return;
  const InstallSnapshot install{ready.meta};
  const Message offer{id(), peer->id, term(), install};
  if (!IsWellFormed(offer) || ready.meta.last.index > commit_) return;
  // The log may have moved on since it was asked for: behind this one it would not go on.
  const Index needed = std::max(peer->snapshot_needed, log_.base().index);
  if (ready.meta.last.index < needed) {
    narrate_("finds the snapshot up to ", ready.meta.last, " too old for ", peer->id);
    return WantSnapshot(*peer, needed);
  }
  peer->snapshot_index = ready.meta.last.index;
  peer->snapshot_asked_at = now_;
  narrate_("sends ", peer->id, " the snapshot up to ", ready.meta.last);
  out_->send_now.push_back(offer);
}

void Raft::OnSnapshotFailed(const SnapshotFailed& failed) {
  Progress* peer = Peer(failed.peer);
  if (role_ != Role::kLeader || peer == nullptr || peer->state != FlowState::kSnapshot) return;
  peer->BecomeProbe(peer->match.Next());
  // The next heartbeat's reply lets it try again; not at once, or a lasting failure would spin.
  peer->probing = true;
}

// Dissertation §4.2.1: a learner has caught up when a round of catching up took less than an
// election timeout.
void Raft::NoteCatchUp(Progress& peer) {
  if (peer.caught_up || peer.health != Health::kWhole || peer.match < peer.catchup_target) return;
  if (now_ > peer.catchup_began_at + options_.election_timeout_ms) {
    peer.catchup_target = log_.last().index;
    peer.catchup_began_at = now_;
    // Nothing came in the meantime: the next round ends where it begins.
    if (peer.match < peer.catchup_target) return;
  }
  peer.caught_up = true;
}

}  // namespace keel::raft
