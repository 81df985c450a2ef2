// How one node behaves: times and bounds. Constant for its life; every queue's bound is here, and
// what happens at the bound stands beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "kv/session/session_table.h"
#include "raft/options.h"
#include "server/node/reconfig_rules.h"

namespace keel::node {

struct NodeOptions {
  std::string directory;  // the member's data directory
  // Its id, boot and seed are filled in at opening.
  raft::Options raft;
  uint64_t seed = 0;  // mixed with the member's id and boot into the core's

  // ---- proposals (server/node/pending.h) ----
  // Held here, or under way: then Dropped, kOverloaded. Essential ones (deletes, compaction, lease
  // revokes, members) may take half as much again.
  size_t proposals_bytes_max = size_t{64} << 20;
  size_t proposals_max = 100'000;
  // A leader whose last entries are not committed yet gathers what comes in, until they are, or it
  // has so many, or the first has waited so long.
  size_t gather_max = 64;
  uint64_t gather_us = 2'000;
  // How long a proposal is held here while nobody leads: then Dropped, kNoLeader.
  uint64_t leader_patience_ms = 5'000;
  // How long one that is under way when its leader goes may still turn up: then Unknown.
  uint64_t settle_ms = 1'000;
  // The longest that one may be under way at all: then Unknown.
  uint64_t proposal_patience_ms = 10'000;
  // One Forward carries no more than this, or else one command.
  size_t forward_bytes_max = size_t{1} << 20;

  // ---- members ----
  ReconfigRules reconfig;

  // ---- the log ----
  uint64_t segment_bytes = uint64_t{64} << 20;
  uint64_t seal_after_us = 10'000;  // of a pause in the writes, or up to twice that
  uint64_t full_disk_retry_us = 200'000;
  uint64_t retention_every_ms = 1'000;
  // Kept behind what is applied and durable for members that may need it; more is kept, up to the
  // second bound, while a follower does; past it, that follower gets a snapshot.
  uint64_t log_kept_bytes_min = uint64_t{64} << 20;
  uint64_t log_kept_bytes_max = uint64_t{1} << 30;
  // Kept for the archive, behind what it holds; past it the log goes, and the archive has a gap.
  // 0: there is none.
  uint64_t archive_hold_bytes_max = 0;

  // ---- the state ----
  size_t apply_batch_bytes_max = size_t{4} << 20;
  uint64_t slow_apply_ms = 100;  // a batch that takes as long is counted; 0: none is
  size_t watch_ring_bytes_max = size_t{16} << 20;
  kv::SessionLimits sessions;
  uint64_t lease_tick_ms = 500;

  // ---- snapshots ----
  size_t snapshot_chunk_bytes = size_t{256} << 10;
  size_t snapshot_chunks_in_flight_max = 4;
  uint64_t snapshot_bytes_per_s = uint64_t{64} << 20;
  // Without an answer for this long, the sender asks how far the receiver has come.
  uint64_t snapshot_resume_ms = 1'000;
  // Without any progress for this long, the stream is given up.
  uint64_t snapshot_give_up_ms = 30'000;

  // The longest that a stop waits for another member to take over, and for what is under way.
  uint64_t hand_off_ms = 3'000;
};

}  // namespace keel::node
