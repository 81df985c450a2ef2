// The one place where a member's term and vote live, with what else must never go back.
//
// Two slots in one file, and every save writes the same record to both, the second only after the
// first is durable: whatever a crash tears, one slot is whole, and whatever rots afterwards, the
// other one says the same (two slots written in turn would bring the older vote back). Opening
// takes the valid record that was saved last; if neither slot is valid the member does not start,
// since it might vote twice.
//
// Owner and thread: belongs to the log writer; every call blocks until what it says is durable. A
// failed save is final: every later call fails with the same Status, and the node stops. Borrows
// the file system.
//
// Always: the term never goes back, the vote of a term never changes once it is given, and the boot
// count grows by one with every opening.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/status.h"

namespace keel::wal {

struct VoteRecord {
  Term term;
  NodeId vote;  // none: has not voted in this term
  // Counts the openings of this file: greater than at any opening before.
  uint64_t boot = 0;
  // The log lost something that it may have acknowledged, and is not whole again.
  bool is_damaged = false;
  // A log was begun: if none is found, it was lost.
  bool has_log = false;

  friend bool operator==(const VoteRecord&, const VoteRecord&) = default;
};

class VoteFile {
 public:
  struct Options {
    std::string path;
    uint64_t group = 0;
    NodeId member;
    // The boot count is no less: the wall clock's milliseconds, so that it also grows when the
    // directory was lost. The clock may lie; what was kept here does not.
    uint64_t boot_min = 0;
  };

  // For a member's first start. ALREADY_EXISTS if there is a file.
  static Result<std::unique_ptr<VoteFile>> Create(FileSystem* files, const Options& options);
  // NOT_FOUND if there is none. DATA_LOSS if neither slot is valid: the member must be replaced.
  // FAILED_PRECONDITION if it is another member's or a newer Keel's. The new boot count is durable
  // on return, and so is a second copy of what only one slot held.
  static Result<std::unique_ptr<VoteFile>> Open(FileSystem* files, const Options& options);

  VoteFile(const VoteFile&) = delete;
  VoteFile& operator=(const VoteFile&) = delete;
  ~VoteFile();

  [[nodiscard]] const VoteRecord& record() const { return record_; }
  // Slots that could not be read at opening, 0 or 1. With 1 either a save was torn, which is no
  // harm, or the disk is failing.
  [[nodiscard]] int slots_repaired() const { return slots_repaired_; }

  // The vote in `term`; none when only the term moves on.
  struct Ballot {
    Term term;
    NodeId vote;
  };
  Status Save(const Ballot& ballot);
  Status SetDamaged(bool is_damaged);
  Status SetHasLog(bool has_log);

 private:
  VoteFile(std::unique_ptr<WritableFile> file, const Options& options);

  // Writes `record` to both slots, `first_slot` first.
  Status Write(const VoteRecord& record, int first_slot);

  std::unique_ptr<WritableFile> file_;
  Options options_;
  VoteRecord record_;
  uint64_t save_count_ = 0;
  int slots_repaired_ = 0;
  Status failure_;
};

// ---- the bytes, for readers of the file; docs/wal_format.md has them in words ----

inline constexpr size_t kVoteSlotBytes = 96;
inline constexpr uint64_t kVoteSlotOffsets[] = {0, 4096};
inline constexpr uint64_t kVoteFileBytes = 8192;

struct VoteSlot {
  uint32_t format_version = 1;
  uint64_t group = 0;
  NodeId member;
  uint64_t save_count = 0;
  VoteRecord record;
};

[[nodiscard]] std::string EncodeVoteSlot(const VoteSlot& slot);
// None if the bytes are no valid slot. A slot of a newer format is valid, its record unread.
[[nodiscard]] std::optional<VoteSlot> DecodeVoteSlot(std::string_view bytes);

}  // namespace keel::wal
