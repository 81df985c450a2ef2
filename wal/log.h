// The log of one member on disk: entries in, durable on return.
//
// One batch is everything that its owner has queued, written by one call and made durable by one
// sync: the owner gathers while the last batch is on its way, and the batches grow with the load. A
// batch may replace a conflicting tail: an entry at an index that the log holds removes that entry
// and all behind it, on disk as in memory, and the old ones never come back.
//
// Owner and thread: Log belongs to the log writer, which calls everything but ReadPlan::Run; every
// call blocks. No clock and no thread inside: the owner calls Seal when 10 ms have passed without a
// batch, and Prepare when it has nothing better to do. The file system is borrowed.
//
// Failures. RESOURCE_EXHAUSTED means that the disk is full: nothing has changed, the log is whole
// and opens, and the same call may succeed later; what a failed Append carried may still be found
// by a recovery until the next Append succeeds. Any other failure of a write or a sync is final:
// what is on the disk is unknown, every later call fails with the same Status, and the node stops
// (cockroach 37102).
//
// Always: what Append returned OK for is found by the next Recover, unless it was replaced or
// compacted since; nothing is written behind a place where a recovery cut the log; a file is
// written to only after its earlier name is durably gone.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "base/status.h"
#include "base/thread_checker.h"
#include "wal/format.h"
#include "wal/log_map.h"
#include "wal/options.h"
#include "wal/read_plan.h"
#include "wal/recovery.h"
#include "wal/segment_pool.h"
#include "wal/types.h"

namespace keel::wal {

class Log {
 public:
  // Goes on from what was recovered, in a segment of its own, which is durable on return. `salt`
  // was never given to an earlier Begin of this log and cannot be guessed from outside: the boot
  // count mixed with randomness. Damage that the report speaks of must have been noted durably
  // before.
  struct Start {
    Recovered recovered;
    uint64_t salt = 0;
    // Where the state is kLogBehind: the log is reset to it, durably on return.
    std::optional<Position> reset_to = {};
  };
  static Result<std::unique_ptr<Log>> Begin(FileSystem* files, const LogOptions& options,
                                            Start start);

  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  // Closes without a seal, as a crash would.
  ~Log();

  // Each entry's index is above the base and at most one behind the entry before it, or behind the
  // log's last one; terms never go back.
  Status Append(std::span<const EntryView> entries);

  // States durably that the last batch was durable, so that damage to it can be told from a torn
  // write. Does nothing if nothing was appended since.
  Status Seal();
  // Seals for good: nothing may be called after it.
  Status Close();

  // Entries up to `base`, which the log holds, are not needed any more. Whole segments go.
  Status Compact(const Position& base);
  // A snapshot that reaches to `base` is in place: the log starts anew behind it.
  // FAILED_PRECONDITION if the log holds that very entry, since what follows it is still good:
  // Compact is the call then (camunda 6092). INVALID_ARGUMENT if `base` is before the log's own.
  Status Reset(const Position& base);

  // One step of getting the next segment ready; true when nothing is left to do. Not needed for
  // correctness, but a segment that was not prepared costs twice as much a sync.
  Result<bool> Prepare();

  // A plan for reading entries first..last, which the log holds. It may be run on any thread while
  // the log goes on.
  Result<ReadPlan> PlanRead(Index first, Index last);

  [[nodiscard]] const Position& base() const { return map_.base(); }
  [[nodiscard]] const Position& last() const { return map_.last(); }
  // Of any entry in the log and of its base.
  [[nodiscard]] std::optional<Term> TermAt(Index index) const { return map_.TermAt(index); }

  // Since Begin.
  struct Counters {
    uint64_t batches = 0;
    uint64_t entries = 0;
    uint64_t bytes_written = 0;
    uint64_t syncs = 0;
    uint64_t seals = 0;
    uint64_t segments_begun = 0;
    uint64_t segments_given_up = 0;
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] size_t segments() const { return segments_.size(); }
  // What the log takes on the disk, spares left out.
  [[nodiscard]] uint64_t SizeBytes() const;

 private:
  struct Segment {
    SegmentHeader header;
    std::string path;
    uint64_t size_bytes = 0;
    // For ReadPlans; opened at the first one.
    std::shared_ptr<const SegmentReader> reader;
  };
  // Where the next record goes.
  struct Tail {
    std::unique_ptr<WritableFile> file;
    uint64_t sequence = 0;
    uint64_t offset = 0;
    // All below it is synced; 0 while not even the header is.
    uint64_t durable_offset = 0;
    Chain chain;
  };

  Log(FileSystem* files, const LogOptions& options, Start start);

  Status MakeDirectory();
  // The segment that goes on from what was recovered, and only then the end of what is no part of
  // the log: until the new header is durable, the old files are the only evidence.
  Status GoOn(Recovered recovered);
  Status MakeDurable(const RecoveredSegment& newest);
  Status ShrinkAbandoned();
  Status BeginAnew(const Position& base);

  // Appends records to `out` and moves the tail on past them.
  using RecordWriter = std::function<void(std::string* out, Tail* tail)>;
  struct NewSegment {
    Link previous;
    Position last;
    Position base;
    size_t record_bytes = 0;
  };
  // A segment and the records that `write` appends in it; all of it is durable on return, and only
  // then part of this object.
  Status BeginSegment(const NewSegment& wanted, const RecordWriter& write);
  struct Records {
    size_t size_bytes = 0;
    size_t reserve_bytes = 0;  // that must stay free behind them
  };
  // Appends records to the tail, in a new segment if they do not fit; durable on return.
  Status WriteRecords(const Records& records, const RecordWriter& write);
  struct Place {
    WritableFile* file = nullptr;
    uint64_t offset = 0;
    uint64_t file_bytes = 0;
  };
  // `bytes`, and zeros behind them up to the end of a page, as far as the file reaches.
  Status WriteAndSync(const Place& place, std::string bytes);
  Status WriteMark(MarkKind kind);
  void AppendBatchMark(std::string* out, Tail* tail, size_t batch_bytes) const;

  // The `count` oldest segments hold nothing that is part of the log.
  Status DropSegments(size_t count);
  Result<std::shared_ptr<const SegmentReader>> ReaderOf(uint64_t sequence);
  // A full disk is passed on; any other failure is remembered and final.
  Status Failed(Status status);

  FileSystem* files_;
  LogOptions options_;
  uint64_t salt_;
  ThreadChecker thread_;
  SegmentPool pool_;
  LogMap map_;
  std::deque<Segment> segments_;  // oldest first
  Tail tail_;
  bool sealed_ = true;
  bool closed_ = false;
  uint64_t next_sequence_;
  Status failure_;
  Counters counters_;
};

}  // namespace keel::wal
