#include "raft/io.h"

namespace keel::raft {

std::string_view ToString(ReadRefusal refusal) {
  switch (refusal) {
    case ReadRefusal::kNoLeader:
      return "no leader is known";
    case ReadRefusal::kLeaderChanged:
      return "the leader changed";
    case ReadRefusal::kTooMany:
      return "too many reads are waiting";
    case ReadRefusal::kTimedOut:
      return "the leader did not answer in time";
  }
  return "?";
}

std::string_view ToString(ProposalRefusal refusal) {
  switch (refusal) {
    case ProposalRefusal::kNone:
      return "accepted";
    case ProposalRefusal::kNotLeader:
      return "not the leader";
    case ProposalRefusal::kTransferring:
      return "leadership is being transferred";
    case ProposalRefusal::kTooLarge:
      return "the command is larger than an entry may be";
    case ProposalRefusal::kUncommittedFull:
      return "too much is uncommitted or not yet durable";
    case ProposalRefusal::kApplyBacklog:
      return "too much is not yet applied";
  }
  return "?";
}

std::string_view ToString(TransferOutcome outcome) {
  switch (outcome) {
    case TransferOutcome::kStarted:
      return "started";
    case TransferOutcome::kAlreadyThere:
      return "the target leads already";
    case TransferOutcome::kNotLeader:
      return "not the leader";
    case TransferOutcome::kUnknownTarget:
      return "no such voter that is fit to lead";
    case TransferOutcome::kBusy:
      return "another transfer is under way";
    case TransferOutcome::kTimedOut:
      return "the target did not take over in time";
  }
  return "?";
}

void Output::Clear() {
  persist.id = PersistId();
  persist.vote.reset();
  persist.snapshot.reset();
  persist.keeps_log = false;
  persist.entries.clear();
  send_now.clear();
  send_after_persist.clear();
  after = PersistId();
  committed.clear();
  reads_ready.clear();
  reads_refused.clear();
  snapshots_wanted.clear();
  entries_wanted.clear();
  proposals.clear();
  config_changes.clear();
  transfers.clear();
  notices.clear();
}

}  // namespace keel::raft
