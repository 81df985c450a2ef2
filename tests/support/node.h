// One member of a test cluster: its core, its disk, its state machine, and what its driver still
// has to do.
//
// Plain data: the cluster moves it. Only `disk`, `state` and `boot` outlive a crash.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "raft/raft.h"
#include "tests/support/disk.h"

namespace keel::raft {

// What the entries have done so far: simply the list of the commands, and the config.
struct State {
  SnapshotMeta covers;
  std::vector<std::pair<Index, std::string>> commands;

  [[nodiscard]] Index applied() const { return covers.last.index; }
};

// Messages that leave when the persist has completed.
struct Promised {
  PersistId after;
  std::vector<Message> messages;
};

struct Node {
  NodeId id;
  uint64_t boot = 0;
  Disk disk;
  State state;
  bool marked_damaged = false;  // in its directory, until the core says that it is whole

  // Of the present start; null while the member is down.
  std::unique_ptr<Raft> core;
  std::deque<Promised> promised;
  std::deque<Entry> to_apply;
  std::vector<ReadReady> to_read;  // waiting for the state to reach their index
  std::vector<SnapshotWanted> snapshots_wanted;
  std::vector<EntriesWanted> entries_wanted;
  uint64_t read_sequence = 0;
  Instant wake_at;
  Instant ticked_at;

  // What is done by hand instead of when the cluster settles.
  bool disk_stalled = false;
  bool apply_paused = false;
  bool snapshots_by_hand = false;
  bool fetches_by_hand = false;

  // What the driver would tell its clients.
  std::vector<ProposalResult> proposals;
  std::vector<ConfigChangeResult> config_changes;
  std::vector<TransferResult> transfers;
  std::vector<Notice> notices;

  [[nodiscard]] bool IsUp() const { return core != nullptr; }
  // Forgets what lives in memory only.
  void LoseMemory();
};

}  // namespace keel::raft
