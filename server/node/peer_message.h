// Everything that nodes of one cluster say to each other once they run: the cores' messages, and
// what the nodes around them need.
//
// Values; any thread. server/node/wire.h has their bytes.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/payload.h"
#include "kv/mvcc/state.h"
#include "kv/mvcc/types.h"
#include "raft/io.h"
#include "raft/message.h"

namespace keel::node {

// A follower hands commands that it was asked for to the leader. Each is forwarded at most once
// under its sequence, and sequences only grow (pitfall 58): the leader takes none twice.
struct Forward {
  struct Item {
    uint64_t sequence = 0;
    Payload command;

    friend bool operator==(const Item&, const Item&) = default;
  };
  raft::BootId boot;  // of the sender
  std::vector<Item> items;

  friend bool operator==(const Forward&, const Forward&) = default;
};

// What the leader made of it: an index under its term, or a refusal, which proves that the command
// is in no log.
struct ForwardReply {
  struct Item {
    uint64_t sequence = 0;
    Index index;  // none: refused
    raft::ProposalRefusal refusal = raft::ProposalRefusal::kNone;

    friend bool operator==(const Item&, const Item&) = default;
  };
  raft::BootId boot;  // of whoever forwarded
  Term term;
  std::vector<Item> items;

  friend bool operator==(const ForwardReply&, const ForwardReply&) = default;
};

// One chunk of a state on its way to a member that the log no longer reaches. `transfer` names the
// stream; the chunk's bytes are the snapshot format's and verify themselves.
struct SnapshotChunk {
  uint64_t transfer = 0;
  raft::Position last;  // what the whole snapshot covers
  uint64_t number = 0;  // from 0
  Payload bytes;        // empty: nothing but a question of how far the receiver has come

  friend bool operator==(const SnapshotChunk&, const SnapshotChunk&) = default;
};

// How far the receiver has come: where to go on, or to begin again.
struct SnapshotAck {
  uint64_t transfer = 0;
  uint64_t chunk_count = 0;
  bool complete = false;
  bool refused = false;  // it cannot take the snapshot now

  friend bool operator==(const SnapshotAck&, const SnapshotAck&) = default;
};

// What only the leader knows of a lease: its clock counts them down. Asking again does no harm.
struct LeaseAsk {
  raft::BootId boot;  // of who asks
  uint64_t sequence = 0;
  kv::LeaseId lease;
  bool renews = false;  // begins its time anew; else asks what is left of it

  friend bool operator==(const LeaseAsk&, const LeaseAsk&) = default;
};

struct LeaseTold {
  raft::BootId boot;
  uint64_t sequence = 0;
  bool leads = false;  // without it, the rest says nothing
  bool found = false;
  uint64_t seconds = 0;  // the whole time of a renewed one; else what is left

  friend bool operator==(const LeaseTold&, const LeaseTold&) = default;
};

// A change of members that another member was asked for. Told to the leader once.
struct MemberAsk {
  raft::BootId boot;  // of who asks
  uint64_t sequence = 0;
  std::vector<raft::ConfigOp> ops;
  std::string members;  // new or changed names and addresses: an encoded Membership
  bool claims = false;

  friend bool operator==(const MemberAsk& a, const MemberAsk& b) = default;
};

struct MemberTold {
  enum class Outcome : uint8_t { kApplied = 0, kRefused = 1, kSuperseded = 2, kUnknown = 3 };
  raft::BootId boot;
  uint64_t sequence = 0;
  Outcome outcome = Outcome::kUnknown;
  raft::ConfigRefusal refusal = raft::ConfigRefusal::kNone;
  raft::Position position;  // of the applied entry

  friend bool operator==(const MemberTold&, const MemberTold&) = default;
};

// What the sender's state is, at indexes where every member notes it.
struct ChainTold {
  std::vector<kv::ChainHash> hashes;

  friend bool operator==(const ChainTold&, const ChainTold&) = default;
};

using PeerMessage = std::variant<raft::Message, Forward, ForwardReply, SnapshotChunk, SnapshotAck,
                                 LeaseAsk, LeaseTold, MemberAsk, MemberTold, ChainTold>;

}  // namespace keel::node
