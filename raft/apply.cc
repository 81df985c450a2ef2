// From commit to applied: what is handed to the state machine, how much at once, and from where;
// and the old entries that the driver reads back, for the state machine and for peers.
#include <algorithm>
#include <utility>

#include "base/mutant.h"
#include "raft/raft.h"

namespace keel::raft {

void Raft::CommitTo(Index index) {
  if (index <= commit_) return;
  commit_ = index;
  narrate_("commits up to ", commit_);
  if (role_ == Role::kLeader) ReleaseHeldReads();
  if (configs_.current_index() <= commit_) OnConfigCommitted();
}

// Entries are applied only once they are durable here too, so that the state never runs ahead of
// the log that must rebuild it.
Index Raft::Deliverable() const {
  if (KEEL_MUTANT(kAckBeforeFsync3)) return commit_;
  return std::min(commit_, durability_.index());
}

void Raft::Deliver() {
  // One hand-out for each update keeps it within its bound; the report of it brings the next.
  if (state_lost_ || IsInstalling() || !out_->committed.empty()) return;
  const Index upto = Deliverable();
  if (delivered_ >= upto || apply_.unapplied_bytes >= options_.unapplied_bytes_max) return;
  const Index first = delivered_.Next();
  if (log_.IsCached(first)) {
    std::vector<Entry> entries;
    const size_t bytes = log_.Slice(first, upto, options_.committed_batch_bytes_max, &entries);
    return HandOut(std::move(entries), bytes);
  }
  if (apply_.fetching || now_ < apply_.fetch_not_before) return;
  apply_.fetching = true;
  out_->entries_wanted.push_back({NodeId(), first, options_.committed_batch_bytes_max});
}

void Raft::HandOut(std::vector<Entry> entries, size_t bytes) {
  delivered_ = entries.back().index;
  apply_.unapplied.push_back({delivered_, bytes});
  apply_.unapplied_bytes += bytes;
  if (out_->committed.empty()) {
    out_->committed = std::move(entries);
  } else {
    std::move(entries.begin(), entries.end(), std::back_inserter(out_->committed));
  }
}

void Raft::OnApplied(const Applied& applied) {
  if (applied.index <= applied_ || applied.index > delivered_) return;
  applied_ = applied.index;
  while (!apply_.unapplied.empty() && apply_.unapplied.front().last <= applied_) {
    apply_.unapplied_bytes -= apply_.unapplied.front().bytes;
    apply_.unapplied.pop_front();
  }
}

void Raft::OnCompact(const Compact& compact) {
  const Index upto = std::min({compact.index, applied_, durability_.index()});
  if (upto <= log_.base().index) return;
  log_.CompactTo(upto);
  configs_.CompactTo(upto);
  narrate_("compacts its log up to ", log_.base());
}

// Entries that an apply or a peer waits for. A driver brings as many as it saw fit: what goes
// beyond the limit, or is not yet to be applied, is left for the next time.
void Raft::OnEntriesFetched(const EntriesFetched& fetched) {
  const bool is_to_apply = fetched.peer.IsNone();
  const size_t bytes_max =
      is_to_apply ? options_.committed_batch_bytes_max : options_.message_bytes_max;
  const Index upto = is_to_apply ? Deliverable() : log_.last().index;
  std::vector<Entry> entries;
  size_t bytes = 0;
  for (const Entry& entry : fetched.entries) {
    const size_t cost = CostBytes(entry);
    const bool is_ours = entry.index == fetched.first + entries.size() && entry.index <= upto &&
                         log_.Matches({entry.index, entry.term});
    if (!is_ours || (!entries.empty() && bytes + cost > bytes_max)) break;
    bytes += cost;
    entries.push_back(entry);
  }
  if (is_to_apply) {
    apply_.fetching = false;
    // Nothing at all is the driver's trouble: asked again at once, it would spin.
    if (entries.empty()) apply_.fetch_not_before = now_ + options_.heartbeat_ms;
    if (entries.empty() || fetched.first != delivered_.Next()) return;
    return HandOut(std::move(entries), bytes);
  }
  Progress* peer = Peer(fetched.peer);
  if (role_ != Role::kLeader || peer == nullptr || !peer->fetching) return;
  peer->fetching = false;
  if (fetched.entries.empty()) return WantSnapshot(*peer, std::min(commit_, peer->next));
  if (entries.empty() || fetched.first != peer->next || !IsSendable(*peer)) return;
  SendEntries(*peer, std::move(entries), bytes);
}

// Whether a snapshot is on its way to the disk: until it is there, the state is the old one.
bool Raft::IsInstalling() const {
  return install_.unsaved.has_value() || durability_.IsInFlight(install_.persist);
}

}  // namespace keel::raft
