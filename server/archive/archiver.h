// Keeps the archive of a cluster: while this member leads, everything that is committed goes there.
//
// It follows the applied index from behind, reads entries back from the log, and puts them as
// sealed segments; neither the log's nor the state's role waits for it. Where a leader begins it
// goes on where the archive ends, whoever wrote it: what is there decides, and the chain of hashes
// tells whether it fits. How far it is, is marked through the log, so that every member keeps its
// log back to there, within a bound. Past the bound the entries are gone: that is noted in the
// archive, a new base is made, the chain begins anew behind it, and what is missing stays a gap
// that restores refuse to cross. Nothing comes behind a gap before its note. Writes go on whatever
// the archive does.
//
// What a leader finds it makes durable before it counts on it: the one before may have died in the
// middle of a put, and what is seen then may yet be lost.
//
// Threads: all belongs to `executor`, a thread of its own that may block in the store; a base is
// written on `base_executor`. counts() is for any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backup/archive/base_writer.h"
#include "backup/archive/segment.h"
#include "backup/archive/store.h"
#include "base/clock.h"
#include "base/executor.h"
#include "raft/types.h"
#include "server/node/once.h"

namespace keel::server {

// What an archiver sees of its member; the node's in production.
class ArchiveSource {
 public:
  ArchiveSource() = default;
  ArchiveSource(const ArchiveSource&) = delete;
  ArchiveSource& operator=(const ArchiveSource&) = delete;
  virtual ~ArchiveSource() = default;

  struct Sight {
    bool leads = false;
    Index applied;         // what is up to there is committed
    Revision revision;     // the state's there
    Index log_base;        // the log holds what is behind it
    Index marked;          // how far the archive is, as the log knows
    bool is_idle = false;  // nothing is under way
  };
  [[nodiscard]] virtual Sight Look() = 0;
  // Entries from `first` on within the bound, or one. The callback may run anywhere.
  struct Piece {
    Index first;
    size_t size_bytes_max = 0;
  };
  virtual void Read(const Piece& piece, node::Once<std::vector<raft::Entry>> done) = 0;
  // The whole state, and where it stands. The callback may run anywhere.
  struct State {
    std::shared_ptr<const kv::ReadView> view;
    backup::BasePlace place;
  };
  virtual void ReadState(node::Once<State> done) = 0;
  virtual void Mark(Index through) = 0;
};

// For metrics and alarms.
struct ArchiveCounts {
  bool leads = false;
  // How long the oldest entry that is not in the archive has been committed, at most.
  uint64_t exposure_ms = 0;
  Index shipped;
  uint64_t segments = 0;
  uint64_t bytes = 0;
  uint64_t bases = 0;
  uint64_t failures = 0;
  uint64_t gaps = 0;
  uint64_t base_time_ms = 0;  // of the newest base; 0: none
  bool has_alarm = false;     // it fails, is behind, or has no base to begin from
};

class Archiver {
 public:
  struct Options {
    uint64_t cluster_id = 0;
    NodeId member;
    std::string key;             // of a key file; empty: not encrypted
    uint64_t interval_ms = 250;  // between two looks
    size_t segment_bytes_max = size_t{4} << 20;
    uint64_t base_interval_ms = 86'400'000;
    uint64_t retention_ms = 7 * 86'400'000;  // 0: all is kept
    uint64_t base_bytes_per_s = uint64_t{64} << 20;
    uint64_t mark_every_ms = 1'000;
    uint64_t tip_every_ms = 10'000;
    // A leader that has been deposed may not know it for so long.
    uint64_t tip_margin_ms = 5'000;
    uint64_t retry_ms = 1'000;
    // An archive that is so far behind raises the alarm.
    uint64_t exposure_alarm_ms = 10'000;
    uint64_t upkeep_every_segments = 64;
  };
  struct Seams {
    const Clock* clock = nullptr;
    Executor* executor = nullptr;
    Executor* base_executor = nullptr;
    FileSystem* files = nullptr;
    backup::ArchiveStore* store = nullptr;
    std::function<Status()> prepare;  // sees to it that the store is there
    ArchiveSource* source = nullptr;
    std::function<void(bool is_error, const std::string& line)> log;
  };
  Archiver(Options options, const Seams& seams);

  void Start();
  // Any thread.
  [[nodiscard]] ArchiveCounts counts() const;

 private:
  // ---- archiver.cc: what to do next ----
  void Later(uint64_t delay_ms);
  void Look();
  void Lead(const ArchiveSource::Sight& sight);
  void Forget();
  void Fetch(const ArchiveSource::Sight& sight);
  void OnEntries(const ArchiveSource::Sight& sight, std::vector<raft::Entry> entries);
  [[nodiscard]] std::vector<backup::ArchivedEntry> Take(const std::vector<raft::Entry>& entries,
                                                        Index through, bool* has_content) const;
  Status Ship(const ArchiveSource::Sight& sight, std::vector<backup::ArchivedEntry> entries);
  void MarkLater(const ArchiveSource::Sight& sight);
  void PutTip(const ArchiveSource::Sight& sight);
  void Covered(Index through, uint64_t as_of_ms);
  // False, told and counted, for a failure.
  bool Holds(const Status& status, std::string_view what);

  // ---- archiver_bases.cc: where a chain begins, and its upkeep ----
  Status Resume(const ArchiveSource::Sight& sight);
  [[nodiscard]] Result<std::optional<backup::ArchivePosition>> FindEnd(
      const backup::Catalogue& catalogue) const;
  Status ResumeAt(const ArchiveSource::Sight& sight, const backup::Catalogue& catalogue,
                  const backup::ArchivePosition& end);
  void AnnounceGap(Index behind, std::string_view reason);
  Status NoteGap(const backup::Catalogue& catalogue, const backup::ArchivePosition& behind);
  void BeginBase(bool begins_chain);
  void WriteBase(std::shared_ptr<backup::BaseWriter> writer, bool begins_chain);
  void OnBase(const backup::BasePlace& place, const Status& status, bool begins_chain);
  [[nodiscard]] bool IsSurelyAbsent(const backup::BasePlace& place) const;
  [[nodiscard]] bool IsBaseDue() const;
  Status Upkeep();

  static constexpr std::string_view kLogIsGone =
      "the log does not reach back to it any more: a new base is made, and what lies between "
      "cannot "
      "be restored";

  const Options options_;
  const Seams seams_;

  bool prepared_ = false;
  bool leading_ = false;
  uint64_t reign_ = 0;  // what was begun in an earlier one has no say
  bool fetching_ = false;
  bool writing_base_ = false;
  // Where the archive ends; none until it was looked for, or while a base is awaited.
  std::optional<backup::ArchivePosition> at_;
  bool begins_chain_ = false;
  bool needs_base_ = false;
  std::optional<Index> announced_gap_;  // the newest one
  uint64_t newest_base_ms_ = 0;
  uint64_t base_not_before_ms_ = 0;  // monotonic: behind one that failed
  Index newest_base_;
  Index covered_;  // nothing up to there waits to be shipped
  uint64_t marked_ms_ = 0;
  uint64_t tip_ms_ = 0;
  uint64_t segments_since_upkeep_ = 0;
  bool failing_ = false;

  mutable std::mutex counts_mutex_;
  ArchiveCounts counts_;           // under counts_mutex_; without the exposure
  uint64_t covered_as_of_ms_ = 0;  // under counts_mutex_
  Index covered_told_;             // under counts_mutex_
};

}  // namespace keel::server
