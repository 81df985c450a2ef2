// A member's data directory: who it is, and where its parts lie.
//
//   VERSION   the layout's number; written last at the first start, read first at every other
//   LOCK      held while a node runs on the directory
//   member    the member record below, replaced as a whole
//   vote      term and vote (wal/vote_file.h), and the count of the member's starts
//   wal/ kv/  the log, and the state
//
// The member's id is drawn at random when the directory is made, and goes with it: a directory that
// was lost is a member that was lost, to be replaced under a new id (pitfall 54). All failures say
// what is wrong and what to do. Blocking; one caller at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "raft/types.h"
#include "wal/vote_file.h"

namespace keel::node {

inline constexpr uint32_t kLayoutVersion = 1;

// How far the member has come in its life.
enum class MemberPhase : uint8_t {
  kNew = 1,       // it knows nobody and has never voted
  kPrepared = 2,  // static bootstrap: it has agreed on the members' ids, and has never voted
  kMember = 3,    // it runs: with the initial config, or as one that joins
};

struct MemberRecord {
  NodeId member;
  MemberPhase phase = MemberPhase::kNew;
  std::string cluster_token;
  uint64_t cluster_id = 0;  // 0: not known yet
  // A config entry's payload (config and membership) as of `base` or later, from before the log's
  // first entry: the initial one, then that of the last compaction or snapshot. Empty: none.
  raft::Position base;
  std::string config;

  friend bool operator==(const MemberRecord&, const MemberRecord&) = default;
};

[[nodiscard]] std::string EncodeMemberRecord(const MemberRecord& record);
[[nodiscard]] std::optional<MemberRecord> DecodeMemberRecord(std::string_view bytes);

class MemberFiles {
 public:
  struct Options {
    std::string directory;
    std::string cluster_token;
    // For the id of a new member; nobody can guess it, and no two members have the same.
    uint64_t random = 0;
    // The wall clock: see wal::VoteFile.
    uint64_t wall_ms = 0;
  };
  // Opens a member's directory, or makes one where nothing is. FAILED_PRECONDITION if the directory
  // holds something else, a newer layout, or a member of another cluster; UNAVAILABLE if a node
  // runs on it; DATA_LOSS if its record or its vote cannot be read.
  [[nodiscard]] static Result<std::unique_ptr<MemberFiles>> Open(FileSystem* files,
                                                                 const Options& options);

  [[nodiscard]] const MemberRecord& record() const { return record_; }
  // Replaces the record, durably.
  Status Save(const MemberRecord& record);

  // The vote file, opened: its boot count is that of this start. Once.
  [[nodiscard]] std::unique_ptr<wal::VoteFile> TakeVoteFile() { return std::move(vote_); }
  [[nodiscard]] const wal::VoteRecord& vote() const { return vote_->record(); }

  [[nodiscard]] std::string wal_directory() const { return options_.directory + "/wal"; }
  [[nodiscard]] std::string kv_directory() const { return options_.directory + "/kv"; }

 private:
  MemberFiles(FileSystem* files, const Options& options) : files_(files), options_(options) {}

  [[nodiscard]] Status Make();
  // FAILED_PRECONDITION unless all that is there is what an unfinished first start leaves behind.
  [[nodiscard]] Status CheckUnfinished();
  [[nodiscard]] Status ClearUnfinished();
  [[nodiscard]] Result<bool> IsOurs(const std::string& name, std::string_view magic);
  [[nodiscard]] Status Load();
  [[nodiscard]] Status Replace(const std::string& name, const std::string& bytes);
  [[nodiscard]] Result<std::string> Read(const std::string& name);
  [[nodiscard]] std::string PathOf(const std::string& name) const;
  [[nodiscard]] wal::VoteFile::Options VoteOptions() const;

  FileSystem* const files_;
  const Options options_;
  std::unique_ptr<FileLock> lock_;
  MemberRecord record_;
  std::unique_ptr<wal::VoteFile> vote_;
};

}  // namespace keel::node
