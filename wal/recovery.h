// What a start finds on the disk: Recover reads a log from front to back, verifies every record,
// and tells a torn tail from damage. It changes nothing.
//
// The two are told apart by proof. Every batch opens with a mark that says how far the log had been
// synced before; so when a record cannot be read and a mark behind it says that it had been
// durable, something that may have been acknowledged is lost: that is damage. Without such a mark
// the record belongs to the last batch, which was never proven durable: the log is cut there, and
// the report counts it.
//
// The order of a start, which keeps evidence until it is not needed any more:
//   1. Recover. If the report has damage, note it durably (VoteFile::SetDamaged) before going on.
//   2. Log::Begin with what was recovered. It opens a new segment that goes on from the last good
//      record, and removes what is no part of the log.
// Blocks; belongs to the log's owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "wal/format.h"
#include "wal/log_map.h"
#include "wal/options.h"
#include "wal/types.h"

namespace keel::wal {

// Acknowledged entries may be lost. Entries from `first` on were cut off, `last` being the furthest
// that the log is known to have reached; and since a lost record may have replaced entries before
// it, those that are left count only as far as a leader confirms them.
struct Damage {
  std::string path;
  uint64_t offset = 0;
  Index first;
  Index last;
  std::string reason;

  // For the operator: what, where, and what to do.
  [[nodiscard]] std::string ToString() const;
};

// The end of the last batch, which no later mark proves, could not be read.
struct Cut {
  std::string path;
  uint64_t offset = 0;
  // From `offset` to the end of the batch; 0 if its mark is unreadable too.
  uint64_t bytes = 0;

  [[nodiscard]] std::string ToString() const;
};

struct RecoveryReport {
  // There was a log: at least one segment with a header.
  bool found = false;
  Position base;
  Position last;
  bool closed_cleanly = false;
  std::optional<Damage> damage;
  std::optional<Cut> cut;

  uint64_t segments = 0;
  uint64_t records = 0;
  uint64_t entries = 0;
  uint64_t bytes = 0;
  // Segments of whose two headers one is unreadable: nothing is lost, but the disk is failing.
  uint64_t headers_damaged = 0;
};

// How the state of a member (its store, at `state`) fits the log that goes with it.
enum class StateFit : uint8_t {
  kFits,       // go on
  kLogBehind,  // the state came from a snapshot that the log was not reset to: Start::reset_to
  kGap,        // entries between the two are missing: seed the state anew, never go on
};

// One segment of the log that was recovered.
struct RecoveredSegment {
  SegmentHeader header;
  std::string path;
  uint64_t size_bytes = 0;
  // Behind its last record that is part of the log.
  uint64_t end_offset = kFirstRecordOffset;
  uint64_t end_checksum = 0;
  // Up to here the newest mark in it says that it was durable.
  uint64_t proven_offset = 0;
};

struct Recovered {
  RecoveryReport report;

  [[nodiscard]] StateFit Fit(const Position& state) const;

  // The rest is for Log::Begin.
  LogMap map = LogMap({});
  std::vector<RecoveredSegment> segments;    // the log, oldest first
  std::vector<uint64_t> garbage;             // segments that are no part of it
  std::vector<std::string> spares;           // names of spares that can be used
  std::vector<std::string> unusable_spares;  // names of spares that cannot
  uint64_t next_sequence = 1;
};

// Failures: FAILED_PRECONDITION if the log is another member's or a newer Keel's, whatever the disk
// says if it cannot be read, and the visitor's own.
[[nodiscard]] Result<Recovered> Recover(FileSystem* files, const LogOptions& options,
                                        LogVisitor* visitor);

}  // namespace keel::wal
