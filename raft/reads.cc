// Linearizable reads without a log entry: ReadIndex in rounds, leases, and reads on followers
// (dissertation §6.4).
#include <algorithm>
#include <utility>

#include "base/mutant.h"
#include "raft/raft.h"

namespace keel::raft {

void Raft::OnReadRequest(const ReadRequest& request) {
  if (role_ == Role::kLeader) return LeadReads(id(), request.ids);
  ForwardReads(request.ids);
}

void Raft::OnReadIndexRequest(const Message& message, const ReadIndexRequest& request) {
  if (role_ == Role::kLeader) return LeadReads(message.from, request.ids);
  Send(message.from, ReadIndexReply{.ids = request.ids, .refused = true});
}

size_t Raft::PendingReadCount() const { return held_.count + reads_.read_count(); }

void Raft::LeadReads(NodeId asker, std::vector<ReadId> ids) {
  PendingReads reads{asker, std::move(ids), commit_};
  if (PendingReadCount() + reads.ids.size() > options_.reads_pending_max) {
    return RefuseReads(reads, ReadRefusal::kTooMany);
  }
  // Before its own first commit a leader does not know what is committed (etcd 7331).
  if (commit_ < term_start_ && !KEEL_MUTANT(kReadBeforeNoop29)) {
    held_.count += reads.ids.size();
    held_.reads.push_back(std::move(reads));
    return;
  }
  if (HoldsLease()) return AnswerReads(reads, commit_);
  reads_.Add(std::move(reads));
}

void Raft::ReleaseHeldReads() {
  if (commit_ < term_start_ || held_.reads.empty()) return;
  for (PendingReads& reads : held_.reads) {
    reads.index = commit_;
    reads_.Add(std::move(reads));
  }
  held_.reads.clear();
  held_.count = 0;
}

// A majority has answered some broadcast of ours: what rode on it, or before it, is confirmed.
void Raft::ConfirmRounds() {
  const uint64_t confirmed = MajorityValue(config(), [this](NodeId voter) {
    if (voter == id()) return round_;
    const Progress* peer = Peer(voter);
    return peer != nullptr && peer->health == Health::kWhole ? peer->round_acked : 0;
  });
  read_scratch_.clear();
  reads_.Confirm(confirmed, &read_scratch_);
  for (const PendingReads& reads : read_scratch_) AnswerReads(reads, reads.index);

  const uint64_t leased = MajorityValue(config(), [this](NodeId voter) {
    if (voter == id()) return round_;
    const Progress* peer = Peer(voter);
    return peer != nullptr && peer->health == Health::kWhole ? peer->round_leased : 0;
  });
  const uint64_t lease_percent = 100 - 2 * uint64_t{options_.clock_drift_percent_max};
  while (!lease_.rounds_sent.empty() &&
         lease_.rounds_sent.front().round <= std::max(confirmed, leased)) {
    if (lease_.rounds_sent.front().round <= leased) {
      const DurationMs lease_ms = options_.election_timeout_ms * lease_percent / 100;
      lease_.until = std::max(lease_.until, lease_.rounds_sent.front().at + lease_ms);
    }
    lease_.rounds_sent.pop_front();
  }
}

// Valid from the moment the round was sent, shortened by what the clocks may drift. Once a transfer
// has been offered its target may be elected within the lease, however late the offer arrives:
// there is no lease any more in this term (raft-rs 234).
bool Raft::HoldsLease() const {
  if (!config().lease_reads() || configs_.current_index() > commit_) return false;
  if (lease_.poisoned && !KEEL_MUTANT(kLateTimeoutNow32)) return false;
  return now_ < lease_.until;
}

void Raft::AnswerReads(const PendingReads& reads, Index index) {
  if (KEEL_MUTANT(kReadWithoutIndex31)) index = Index();
  if (reads.asker != id()) {
    return Send(reads.asker, ReadIndexReply{.ids = reads.ids, .index = index});
  }
  for (const ReadId& read : reads.ids) out_->reads_ready.push_back({read, index});
}

void Raft::RefuseReads(const PendingReads& reads, ReadRefusal reason) {
  if (reads.asker != id()) {
    const bool too_many = reason == ReadRefusal::kTooMany;
    return Send(reads.asker,
                ReadIndexReply{.ids = reads.ids, .refused = true, .too_many = too_many});
  }
  for (const ReadId& read : reads.ids) out_->reads_refused.push_back({read, reason});
}

void Raft::ForwardReads(std::vector<ReadId> ids) {
  const bool is_full = forwarded_reads_.size() + ids.size() > options_.reads_pending_max;
  if (leader_.IsNone() || is_full) {
    const ReadRefusal reason = is_full ? ReadRefusal::kTooMany : ReadRefusal::kNoLeader;
    return RefuseReads({id(), std::move(ids), Index()}, reason);
  }
  for (const ReadId& read : ids) forwarded_reads_.push_back({read, now_});
  Send(leader_, ReadIndexRequest{std::move(ids)});
}

// Only what was asked in this start and is still open counts: the answer to an earlier start's read
// names an older index.
void Raft::OnReadIndexReply(const Message& message, const ReadIndexReply& reply) {
  if (message.from != leader_) return;
  for (const ReadId& answered : reply.ids) {
    const auto asked =
        std::find_if(forwarded_reads_.begin(), forwarded_reads_.end(), [&](const auto& read) {
          if (KEEL_MUTANT(kReadIdReused30)) return read.id.sequence == answered.sequence;
          return read.id == answered;
        });
    if (asked == forwarded_reads_.end()) continue;
    if (reply.refused) {
      const ReadRefusal reason =
          reply.too_many ? ReadRefusal::kTooMany : ReadRefusal::kLeaderChanged;
      out_->reads_refused.push_back({asked->id, reason});
    } else {
      out_->reads_ready.push_back({asked->id, reply.index});
    }
    forwarded_reads_.erase(asked);
  }
}

void Raft::DropForwardedReads(ReadRefusal reason) {
  for (const ForwardedRead& read : forwarded_reads_) {
    out_->reads_refused.push_back({read.id, reason});
  }
  forwarded_reads_.clear();
}

void Raft::ExpireForwardedReads() {
  const DurationMs patience_ms = 2 * options_.election_timeout_ms;
  while (!forwarded_reads_.empty() && now_ >= forwarded_reads_.front().asked_at + patience_ms) {
    out_->reads_refused.push_back({forwarded_reads_.front().id, ReadRefusal::kTimedOut});
    forwarded_reads_.pop_front();
  }
}

}  // namespace keel::raft
