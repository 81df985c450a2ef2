// One event in, one update out: everything that passes between a core and its driver.
//
// The driver's duties, in the order in which Output lists its parts:
//   1. Start `persist`: vote first, then the snapshot, then the entries (truncating the log at the
//      first one). Persists complete in order; several may be in flight. Report each (or the last
//      of a group) with PersistDone. A persist that fails is final: the driver stops the member.
//   2. Send `send_now`. Nothing in it promises durability.
//   3. Send `send_after_persist` once persist `after` has completed; drop it if the member stops.
//   4. Apply `committed` in order and report with Applied.
//   5. Answer `reads_ready` once the applied index has reached theirs.
//   6. Fetch what `snapshots_wanted` and `entries_wanted` ask for, and report back.
//   7. Tell the proposers what `proposals`, `config_changes` and `transfers` say.
// `wake_at` is when the core next has something to do if nothing else happens: send a Tick then.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "raft/config.h"
#include "raft/message.h"
#include "raft/types.h"

namespace keel::raft {

// ---- events in ----

struct Tick {};

// A batch of commands. `batch` is the driver's own number for it and comes back in ProposalResult.
struct Propose {
  uint64_t batch = 0;
  std::vector<Payload> payloads;
};

struct ReadRequest {
  std::vector<ReadId> ids;
};

struct ChangeConfig {
  uint64_t change = 0;  // the driver's own number; comes back in ConfigChangeResult
  std::vector<ConfigOp> ops;
  Payload context;  // kept behind the config in its entry, for the driver's own use
};

struct TransferLeadership {
  NodeId target;  // none: the best member there is
};

struct PersistDone {
  PersistId id;  // this one and all before it
};

struct Applied {
  Index index;
};

// The driver has durable state up to `index` and has dropped, or will drop, its log up to there. It
// must not go past a snapshot that it is streaming to a peer: that peer would arrive below the
// log's base, where nothing follows, and under load never catch up. The core survives it, and then
// asks for another snapshot.
struct Compact {
  Index index;
};

// Answers SnapshotWanted: the data of a snapshot is at `peer`, or will be when the InstallSnapshot
// that follows arrives there. One that no longer reaches as far as the peer needs is not offered; a
// SnapshotWanted asks for a fresh one instead.
struct SnapshotReady {
  NodeId peer;
  SnapshotMeta meta;
};

// The stream to `peer` broke, or no snapshot can be made now; the core asks again later.
struct SnapshotFailed {
  NodeId peer;
};

// Answers EntriesWanted: contiguous entries from `first` on, as many as the driver saw fit; none if
// the log no longer reaches back that far.
struct EntriesFetched {
  NodeId peer;  // as asked; none for the core's own apply
  Index first;
  std::vector<Entry> entries;
};

// The urgent connection to `peer` broke. `refused` says that a new one was refused too: its process
// is gone, not merely unreachable.
struct PeerLost {
  NodeId peer;
  bool refused = false;
};

using Event =
    std::variant<Tick, Message, Propose, ReadRequest, ChangeConfig, TransferLeadership, PersistDone,
                 Applied, Compact, SnapshotReady, SnapshotFailed, EntriesFetched, PeerLost>;

struct Input {
  Instant now;  // the driver's monotonic clock when it made the event; an earlier one is raised
  Event event;
};

// ---- updates out ----

struct Persist {
  PersistId id;  // none: nothing to persist
  std::optional<Vote> vote;
  std::optional<SnapshotMeta> snapshot;  // install it, and then cut the log …
  bool keeps_log = false;  // … false: wholly, it begins anew behind the snapshot; true: up to it
  std::vector<Entry> entries;  // the first one's index is where the log is cut

  [[nodiscard]] bool IsEmpty() const { return id.IsNone(); }
};

struct ReadReady {
  ReadId id;
  Index index;
};

enum class ReadRefusal : uint8_t { kNoLeader, kLeaderChanged, kTooMany, kTimedOut };
[[nodiscard]] std::string_view ToString(ReadRefusal refusal);

struct ReadRefused {
  ReadId id;
  ReadRefusal reason = ReadRefusal::kNoLeader;
};

// Asked again if Options::snapshot_patience_ms go by without an answer, or without word from the
// peer after one. Whatever brings the peer up to the log meanwhile ends the wish; an answer that
// comes later is ignored.
struct SnapshotWanted {
  NodeId peer;
  Index at_least;
};

struct EntriesWanted {
  NodeId peer;  // none: for the core's own apply
  Index first;
  size_t size_bytes_max = 0;  // one entry is wanted even if it is larger
};

enum class ProposalRefusal : uint8_t {
  kNone,
  kNotLeader,        // ask the leader
  kTransferring,     // leadership is on its way to another member; ask again
  kTooLarge,         // this command can never be taken: Options::entry_bytes_max
  kUncommittedFull,  // too much is uncommitted or not yet durable; ask again
  kApplyBacklog,     // too much is committed and not yet applied; ask again
};
[[nodiscard]] std::string_view ToString(ProposalRefusal refusal);

// The first `accepted` commands took the indexes from `first` on; the rest were refused. An
// accepted command is not yet committed: it is Applied when its index is applied under `term`, and
// lost when another term's entry is.
struct ProposalResult {
  uint64_t batch = 0;
  size_t accepted = 0;
  Index first;
  Term term;
  ProposalRefusal refusal = ProposalRefusal::kNone;
};

struct ConfigChangeResult {
  uint64_t change = 0;
  ConfigRefusal refusal = ConfigRefusal::kNone;
  Index index;
  Term term;
};

enum class TransferOutcome : uint8_t {
  kStarted,
  kAlreadyThere,  // the target leads already
  kNotLeader,
  kUnknownTarget,  // not a voter that may lead, or none is fit
  kBusy,           // another transfer is under way
  kTimedOut,       // the target did not take over within an election timeout; this core leads on
};
[[nodiscard]] std::string_view ToString(TransferOutcome outcome);

// How a transfer that was asked for goes. One that priority began has no result, and neither has
// success: the core then leads no more. Whoever stops leading for another reason while a transfer
// is under way says no more of it either.
struct TransferResult {
  NodeId target;  // as asked; once it has started, who was chosen
  TransferOutcome outcome = TransferOutcome::kStarted;
};

enum class NoticeKind : uint8_t {
  kHealed,   // this core is damaged no longer: clear the mark in its directory
  kRemoved,  // this core's member was removed from the cluster: stop
  // `peer` votes, but came back with an empty directory: its votes are forgotten. It is fed nothing
  // and counts for nothing until the driver has it replaced by a member with a new id, or removed.
  // The core refuses to demote it; but a leader that has not heard from it yet cannot know. So the
  // driver must never start a core with an empty directory under an id that had one before, and a
  // member that lost its directory never gets its old id back.
  kPeerWiped,
};

struct Notice {
  NoticeKind kind = NoticeKind::kHealed;
  NodeId peer;
};

struct Output {
  Persist persist;
  std::vector<Message> send_now;
  std::vector<Message> send_after_persist;
  PersistId after;  // what send_after_persist waits for; set whenever that list is not empty
  std::vector<Entry> committed;
  std::vector<ReadReady> reads_ready;
  std::vector<ReadRefused> reads_refused;
  std::vector<SnapshotWanted> snapshots_wanted;
  std::vector<EntriesWanted> entries_wanted;
  std::vector<ProposalResult> proposals;
  std::vector<ConfigChangeResult> config_changes;
  std::vector<TransferResult> transfers;
  std::vector<Notice> notices;
  Instant wake_at;

  // Empties every part and keeps the buffers.
  void Clear();
};

}  // namespace keel::raft
