// The vocabulary of the core: entries, votes, snapshots by reference, and time.
//
// Plain values, copied freely; payloads are shared and immutable. Nothing here knows how it is
// stored or sent. Indexes start at 1; index 0 with term 0 is the empty log's base.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "base/payload.h"

namespace keel::raft {

// A length of time in milliseconds.
using DurationMs = uint64_t;

// A moment on the driver's monotonic clock, in milliseconds since a start of its own choosing.
// Never wall time: see raft/README.md, "Time".
using Instant = Ordinal<struct InstantTag>;

enum class EntryKind : uint8_t {
  kCommand = 0,  // the application's bytes
  kNoop = 1,     // a new leader's first entry
  kConfig = 2,   // a Config (raft/config.h), in force as soon as it is in the log
};

struct Entry {
  Term term;
  Index index;
  EntryKind kind = EntryKind::kCommand;
  Payload payload;

  friend bool operator==(const Entry&, const Entry&) = default;
};

// What an entry costs against every limit in bytes: its payload and a flat charge for the rest.
inline constexpr size_t kEntryOverheadBytes = 48;
[[nodiscard]] inline size_t CostBytes(const Entry& entry) {
  return entry.payload.size() + kEntryOverheadBytes;
}

struct Position {
  Index index;
  Term term;

  friend bool operator==(const Position&, const Position&) = default;
};

// Raft §5.4.1: the later term is newer, and in one term the longer log is.
[[nodiscard]] inline bool IsAtLeastAsUpToDate(const Position& a, const Position& b) {
  return a.term != b.term ? a.term > b.term : a.index >= b.index;
}

// Term and vote are one record and are written as one (hashicorp/raft 661).
struct Vote {
  Term term;
  NodeId candidate;  // none: has not voted in this term

  friend bool operator==(const Vote&, const Vote&) = default;
};

class Config;

// A snapshot by reference: what the core must know of one. The data is streamed elsewhere.
struct SnapshotMeta {
  Position last;  // the last entry that it covers
  std::shared_ptr<const Config> config;
};

// Numbers the persist requests of one run of a core: 1, 2, 3, …
using PersistId = Ordinal<struct PersistIdTag>;

// Tells the starts of one member apart: greater at every start than at any before it, also after
// its directory was lost. The driver keeps it where it keeps the vote, and takes the greater of
// what it kept, plus one, and the wall clock's milliseconds.
using BootId = Ordinal<struct BootIdTag>;

// Names one read request for ever: a retry takes a new sequence, a restart a new boot.
struct ReadId {
  NodeId node;
  BootId boot;
  uint64_t sequence = 0;

  friend auto operator<=>(const ReadId&, const ReadId&) = default;
};

}  // namespace keel::raft
