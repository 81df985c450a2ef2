// Holds an archive to the log that was committed.
//
// It looks at what a loss of power would leave of the archive: every entry that is in it is the
// committed one; everything that a base was made for, or that the members' log was let go for, is
// there or stands in a gap that the archive itself tells; and restores to random revisions and
// moments, by the code of keelctl, give the state that the log gives there. One thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "backup/archive/archive_reader.h"
#include "backup/archive/verify.h"
#include "raft/invariants.h"
#include "tests/kv/support/store_world.h"
#include "tests/nodesim/chronicle.h"
#include "tests/nodesim/depot.h"
#include "tools/restore/archive_restore.h"

namespace keel::nodesim {

// The committed log, and what each entry of it comes to.
class CommittedLog {
 public:
  struct Place {
    uint64_t time_ms = 0;  // the log's, behind the entry
    Revision revision;
    bool has_content = false;  // something that a restore could show
  };

  CommittedLog();
  void Add(std::span<const raft::Entry> entries);
  // Up to where all entries are known; they are carried out on demand.
  [[nodiscard]] Index Advance();
  // Requires 1 <= index <= Advance(); of none: the beginning.
  [[nodiscard]] const Place& At(Index index) const { return places_[index.value()]; }
  [[nodiscard]] const raft::Entry& Entry(Index index) const { return entries_.at(index); }
  [[nodiscard]] Index last() const { return Index(places_.size() - 1); }
  // Every revision, by the log alone.
  [[nodiscard]] const Chronicle& chronicle() const { return chronicle_; }

 private:
  std::map<Index, raft::Entry> entries_;
  std::vector<Place> places_{Place{}};
  kv::StoreWorld world_;
  size_t seen_events_ = 0;
  Chronicle chronicle_;
};

class ArchiveJudge {
 public:
  struct Options {
    Depot* depot = nullptr;
    raft::ClusterChecker* checker = nullptr;
    const Clock* clock = nullptr;
    uint64_t seed = 0;
    std::function<void(const std::string& line)> tell;
  };
  explicit ArchiveJudge(Options options) : options_(std::move(options)), prng_(options_.seed) {}

  void OnCommitted(std::span<const raft::Entry> entries);
  // What a loss of power would leave now.
  void JudgeNow();
  // When all is well and nothing is under way: what was applied must be there, too.
  void JudgeEnd(Index applied);
  [[nodiscard]] uint64_t restores() const { return restores_; }

 private:
  // An archive as a loss left it.
  struct Remains {
    explicit Remains(const simfs::Image& its_image);
    const simfs::Image image;
    simfs::SimulatedFileSystem files;
    backup::DirectoryStore store;
    backup::Catalogue catalogue;
    backup::ArchiveReport report;
    std::map<Index, Index> reach;  // by base: where the entries behind it end
  };

  // Where the entries end.
  Index Judge(const simfs::Loss& loss, uint64_t restores);
  // Each empty if all is well.
  [[nodiscard]] std::string Survey(Remains* remains);
  [[nodiscard]] std::string HoldEntries(Remains* remains, const backup::BaseObject& base);
  [[nodiscard]] std::string HoldPromises(const Remains& remains);
  [[nodiscard]] static std::set<Index> IdleBases(const Remains& remains);
  [[nodiscard]] std::string HoldRestore(Remains* remains);
  [[nodiscard]] restore::Target PickTarget();
  // The newest one that is not behind the target.
  [[nodiscard]] static const backup::BaseObject* BaseFor(const Remains& remains,
                                                         const restore::Target& target);
  struct Wanted {
    restore::Target target;
    Index end;  // of the entries behind the base
  };
  [[nodiscard]] std::string Compare(FileSystem* files, const Wanted& wanted,
                                    const restore::RestoredPoint& point);
  void Report(const std::string& what);

  const Options options_;
  Prng prng_;
  CommittedLog log_;
  uint64_t restores_ = 0;
};

}  // namespace keel::nodesim
