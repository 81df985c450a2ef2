// What cores say to each other.
//
// Every message carries its sender, its receiver and the sender's term. Messages may be lost,
// doubled, delayed and reordered at will; the core survives all of it. What a reply says of its
// sender's health decides whether the sender counts towards a majority.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "raft/types.h"

namespace keel::raft {

// How whole the sender of a reply is; only kWhole counts.
enum class Health : uint8_t {
  kWhole,
  kDamaged,  // its log lost something that it may have acknowledged
  kEmpty,    // it started with an empty directory and has been given nothing yet
};

// Both phases of an election (Raft §5.2, §9.6). A pre-vote asks about `for_term` without taking it.
struct VoteRequest {
  bool pre = false;
  bool forced = false;  // by a leadership transfer: stickiness does not apply
  Term for_term;
  uint64_t round = 0;  // tells the replies of one campaign from another's (cockroach 123297)
  Position last;
};

struct VoteReply {
  bool pre = false;
  bool granted = false;
  bool removed = false;  // the candidate is no longer a member and should stop
  Term for_term;
  uint64_t round = 0;
};

struct AppendRequest {
  Position prev;
  Index commit;
  std::vector<Entry> entries;
};

struct AppendReply {
  bool success = false;
  bool wants_snapshot = false;  // its state is lost and its log cannot rebuild it
  Health health = Health::kWhole;
  BootId boot;
  Index match;    // success: everything up to here is durable and equals the leader's log
  Index refused;  // refusal: the prev.index that did not match
  Position hint;  // refusal: where the follower's log may meet the leader's
};

struct HeartbeatRequest {
  Index commit;
  uint64_t round = 0;  // counts the leader's broadcasts in this term
  BootId healed_boot;  // this start of the receiver, being damaged, is whole again …
  Index healed_from;   // … once its durable log reaches this index
};

struct HeartbeatReply {
  uint64_t round = 0;
  bool keeps_lease = false;  // will not vote for another within the lease that this round grants
  Health health = Health::kWhole;
  BootId boot;
  Index commit;
};

// Raft §3.10 of the dissertation: campaign at once.
struct TimeoutNow {};

// Arrives when the snapshot's data has arrived whole (the stream is the driver's).
struct InstallSnapshot {
  SnapshotMeta meta;
};

struct ReadIndexRequest {
  std::vector<ReadId> ids;
};

struct ReadIndexReply {
  std::vector<ReadId> ids;
  Index index;
  bool refused = false;
  bool too_many = false;  // refused because the leader has as many as it may: it leads on
};

using Body =
    std::variant<VoteRequest, VoteReply, AppendRequest, AppendReply, HeartbeatRequest,
                 HeartbeatReply, TimeoutNow, InstallSnapshot, ReadIndexRequest, ReadIndexReply>;

struct Message {
  NodeId from;
  NodeId to;
  Term term;
  Body body;
};

// No term or index beyond this is ever real: it keeps a lying peer from running counters over.
inline constexpr uint64_t kOrdinalMax = uint64_t{1} << 62;

// Whether a message could have come from a correct core: ids given, terms and indexes in range,
// entries contiguous with terms that never fall. What fails is dropped and counted, never believed.
[[nodiscard]] bool IsWellFormed(const Message& message);

// Heartbeats, votes, transfers and read rounds, which the bulk of entries must never delay.
[[nodiscard]] bool IsUrgent(const Message& message);

// "1>2 t3 append prev 4:2 commit 4 entries 5:3 6:3": one line for people.
[[nodiscard]] std::string ToString(const Message& message);

}  // namespace keel::raft
