// How one core behaves: times and bounds. Constant for its life.
//
// Every queue of the core has its bound here; what happens at the bound stands beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "raft/types.h"

namespace keel::raft {

struct Options {
  NodeId id;
  BootId boot;
  uint64_t seed = 0;  // of this core's own randomness; give every member and boot its own

  DurationMs heartbeat_ms = 100;
  // The shortest silence after which a follower campaigns; the longest is twice that. All members
  // must agree on it: check-quorum, stickiness and leases are measured by it.
  DurationMs election_timeout_ms = 1000;
  // How far one member's clock may drift from another's within an election timeout, in percent.
  // Leases are shortened by twice this.
  uint32_t clock_drift_percent_max = 10;
  // A follower that knows its leader's process to be dead campaigns within this.
  DurationMs dead_leader_jitter_ms = 50;
  // A snapshot that was offered to a peer and neither arrived nor failed is offered anew after
  // this.
  DurationMs snapshot_patience_ms = 60'000;

  // A larger command is refused: ProposalRefusal::kTooLarge.
  size_t entry_bytes_max = 8u << 20;
  // A larger ChangeConfig::context is refused: ConfigRefusal::kContextTooLarge.
  size_t config_context_bytes_max = 256u << 10;
  // An append carries no more than this, or else one entry.
  size_t message_bytes_max = 1u << 20;
  // What may be sent to one follower ahead of its acknowledgement; then it is sent no more.
  size_t inflight_bytes_max = 4u << 20;
  size_t inflight_messages_max = 256;
  // The leader's uncommitted or not yet durable tail; then proposals are refused: kUncommittedFull.
  size_t uncommitted_bytes_max = 64u << 20;
  // Committed and handed out but not yet applied; then entries wait in the log, and proposals are
  // refused: kApplyBacklog.
  size_t unapplied_bytes_max = 64u << 20;
  // One Output's committed entries, or else one entry.
  size_t committed_batch_bytes_max = 4u << 20;
  // Durable entries kept in memory for followers and apply; older ones are asked for when needed.
  size_t cache_bytes_max = 32u << 20;
  // Reads that wait for a round, for the term's first commit, or for the leader's answer; then
  // ReadRefusal::kTooMany.
  size_t reads_pending_max = 65'536;

  // Empty if the options make sense, or else what is wrong and how to mend it.
  [[nodiscard]] std::string Validate() const;
};

}  // namespace keel::raft
