#include "server/node/pending.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"

namespace keel::node {

namespace {

// Beside the command: what an entry of the table and its callback take, roughly.
constexpr size_t kOverheadBytes = 256;

}  // namespace

void Pending::Add(Proposal proposal, uint64_t now_ms) {
  if (stopped_) return std::move(proposal.done)(Dropped{DropReason::kShuttingDown});
  const size_t cost = proposal.command.size() + kOverheadBytes;
  // What frees room must get through when there is none.
  const auto bound = [&](size_t max) { return proposal.essential ? max + max / 2 : max; };
  if (entries_.size() >= bound(options_.proposals_max) ||
      size_bytes_ + cost > bound(options_.proposals_bytes_max)) {
    return std::move(proposal.done)(Dropped{DropReason::kOverloaded});
  }
  size_bytes_ += cost;
  Hold({.command = std::move(proposal.command),
        .done = std::move(proposal.done),
        .local_only = proposal.local_only,
        .added_ms = now_ms});
}

void Pending::Hold(Entry entry) {
  const uint64_t sequence = next_sequence_++;
  entry.stage = Stage::kHeld;
  entry.handed_ms = 0;
  entry.deadline_ms = entry.added_ms + options_.leader_patience_ms;
  deadlines_[entry.deadline_ms].push_back(sequence);
  held_.push_back(sequence);
  entries_.emplace(sequence, std::move(entry));
}

std::vector<Pending::Handed> Pending::Take(const Leader& leader, size_t size_bytes_max,
                                           uint64_t now_ms) {
  std::vector<Handed> taken;
  size_t size_bytes = 0;
  while (!held_.empty()) {
    const auto found = entries_.find(held_.front());
    if (found == entries_.end()) {  // its patience ran out
      held_.pop_front();
      continue;
    }
    Entry& entry = found->second;
    if (entry.local_only && leader.id != options_.self) {
      held_.pop_front();
      Finish(found, Dropped{DropReason::kNoLeader});
      continue;
    }
    size_bytes += entry.command.size() + raft::kEntryOverheadBytes;
    if (!taken.empty() && size_bytes > size_bytes_max) break;
    held_.pop_front();
    entry.stage = Stage::kProposed;
    entry.leader = leader;
    entry.handed_ms = now_ms;
    entry.deadline_ms = now_ms + options_.proposal_patience_ms;
    entry.why = UnknownReason::kTimedOut;
    deadlines_[entry.deadline_ms].push_back(found->first);
    taken.push_back({found->first, entry.command});
  }
  return taken;
}

void Pending::Placed(uint64_t sequence, const raft::Position& position) {
  const auto found = entries_.find(sequence);
  if (found == entries_.end() || found->second.stage != Stage::kProposed) return;
  found->second.stage = Stage::kPlaced;
  found->second.position = position;
  placed_.emplace(position.index, sequence);
  if (KEEL_MUTANT(kAnsweredWhenPlaced8)) {
    Finish(found, Applied{.index = position.index, .term = position.term});
  }
}

void Pending::Refused(uint64_t sequence, raft::ProposalRefusal refusal, uint64_t now_ms) {
  const auto found = entries_.find(sequence);
  if (found == entries_.end() || found->second.stage != Stage::kProposed) return;
  switch (refusal) {
    case raft::ProposalRefusal::kNotLeader:
    case raft::ProposalRefusal::kTransferring: {
      Entry entry = std::move(found->second);
      entries_.erase(found);
      if (KEEL_MUTANT(kOutcomeLost)) return;
      if (entry.local_only || now_ms >= entry.added_ms + options_.leader_patience_ms) {
        return End(std::move(entry), Dropped{DropReason::kNoLeader});
      }
      return Hold(std::move(entry));
    }
    case raft::ProposalRefusal::kTooLarge:
      return Finish(found, Dropped{DropReason::kTooLarge});
    case raft::ProposalRefusal::kNone:
    case raft::ProposalRefusal::kUncommittedFull:
    case raft::ProposalRefusal::kApplyBacklog:
      return Finish(found, Dropped{DropReason::kOverloaded});
  }
}

void Pending::Finish(Entries::iterator found, ProposalOutcome outcome) {
  Entry entry = std::move(found->second);
  if (entry.stage == Stage::kPlaced) placed_.erase({entry.position.index, found->first});
  entries_.erase(found);
  End(std::move(entry), std::move(outcome));
}

void Pending::End(Entry entry, ProposalOutcome outcome) {
  size_bytes_ -= entry.command.size() + kOverheadBytes;
  if (!std::holds_alternative<Applied>(outcome)) ++failed_count_;
  std::visit(
      [&entry](auto& ended) {
        ended.times.asked_ms = entry.added_ms;
        ended.times.handed_ms = entry.handed_ms;
      },
      outcome);
  std::move(entry.done)(std::move(outcome));
}

void Pending::OnApplied(uint64_t sequence, Applied applied) {
  const auto found = entries_.find(sequence);
  if (found == entries_.end()) {
    ++late_count_;
    return;
  }
  Finish(found, std::move(applied));
}

void Pending::OnAppliedThrough(const raft::Position& last) {
  while (!placed_.empty() && placed_.begin()->first <= last.index) {
    const auto found = entries_.find(placed_.begin()->second);
    KEEL_CHECK(found != entries_.end()) << "a placed proposal is in the table";
    // Its entry had this index and can be nowhere else.
    Finish(found, Dropped{DropReason::kSuperseded});
  }
  if (!lost_term_.IsNone() && lost_term_ < last.term) EndLostBefore(last.term);
}

// Terms never fall along the log: what was placed further on under an earlier one is in nobody's.
// What is not known to be placed may still arrive at a leader that was lost and has come again.
void Pending::EndLostBefore(Term term) {
  lost_term_ = Term();
  for (const uint64_t sequence : Sequences()) {
    const auto found = entries_.find(sequence);
    if (found == entries_.end() || !found->second.is_lost) continue;
    const bool is_placed = found->second.stage == Stage::kPlaced;
    const Term under = is_placed ? found->second.position.term : found->second.leader.term;
    if (under >= term) {
      NoteLost(under);
    } else if (is_placed) {
      Finish(found, Dropped{DropReason::kSuperseded});
    } else if (found->second.is_mute) {
      Finish(found, Unknown{found->second.why});
    }
  }
}

void Pending::NoteLost(Term term) {
  if (lost_term_.IsNone() || term < lost_term_) lost_term_ = term;
}

void Pending::OnOvertaken() {
  for (const uint64_t sequence : Sequences()) {
    const auto found = entries_.find(sequence);
    if (found == entries_.end() || found->second.stage == Stage::kHeld) continue;
    Finish(found, Unknown{UnknownReason::kOvertaken});
  }
}

// In their order, so that a run is the same each time.
std::vector<uint64_t> Pending::Sequences() const {
  std::vector<uint64_t> sequences;
  sequences.reserve(entries_.size());
  for (const auto& [sequence, entry] : entries_) sequences.push_back(sequence);
  std::sort(sequences.begin(), sequences.end());
  return sequences;
}

void Pending::OnLeaderLost(NodeId leader, UnknownReason reason, uint64_t now_ms) {
  const uint64_t deadline_ms = now_ms + options_.settle_ms;
  for (const uint64_t sequence : Sequences()) {
    Entry& entry = entries_.at(sequence);
    if (entry.stage == Stage::kHeld || entry.leader.id != leader) continue;
    if (KEEL_MUTANT(kForwardedAgain58) && reason == UnknownReason::kLeaderChanged) {
      if (entry.stage == Stage::kPlaced) placed_.erase({entry.position.index, sequence});
      Entry again = std::move(entry);
      entries_.erase(sequence);
      Hold(std::move(again));
      continue;
    }
    entry.is_lost = true;
    entry.is_mute = entry.is_mute || reason == UnknownReason::kLinkLost;
    NoteLost(entry.leader.term);
    if (deadline_ms >= entry.deadline_ms) continue;
    entry.deadline_ms = deadline_ms;
    entry.why = reason;
    deadlines_[deadline_ms].push_back(sequence);
  }
}

uint64_t Pending::Settle(uint64_t now_ms) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now_ms) {
    const std::vector<uint64_t> due = std::move(deadlines_.begin()->second);
    const uint64_t deadline_ms = deadlines_.begin()->first;
    deadlines_.erase(deadlines_.begin());
    for (const uint64_t sequence : due) {
      const auto found = entries_.find(sequence);
      if (found == entries_.end() || found->second.deadline_ms != deadline_ms) continue;
      if (found->second.stage == Stage::kHeld) {
        Finish(found, Dropped{DropReason::kNoLeader});
      } else {
        Finish(found, Unknown{found->second.why});
      }
    }
  }
  if (entries_.empty()) deadlines_.clear();
  return deadlines_.empty() ? 0 : deadlines_.begin()->first;
}

void Pending::Shutdown() {
  stopped_ = true;
  for (const uint64_t sequence : Sequences()) {
    const auto found = entries_.find(sequence);
    if (found == entries_.end()) continue;
    if (found->second.stage == Stage::kHeld) {
      Finish(found, Dropped{DropReason::kShuttingDown});
    } else {
      Finish(found, Unknown{UnknownReason::kShuttingDown});
    }
  }
}

}  // namespace keel::node
