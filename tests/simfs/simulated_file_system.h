// A disk in memory that fails as disks fail, exactly and repeatably.
//
// It keeps the contract of base/file_system.h to the letter and promises nothing beyond it: what
// was not synced may be lost in every way that tests/simfs/loss.h names, names apart from bytes.
// Nothing here is random but by the seeds that it is given.
//
// One hook sees every operation before it happens. It may watch (the crash enumeration takes its
// images there), wait (a stall is a hook that takes its time), or answer with a Fault. It is called
// without any lock held, so it may look at this file system again; it must not write to it.
//
// A crash kills every open file and lock: calls on them fail with UNAVAILABLE from then on, as if
// their process were gone. Safe from many threads; files are used as the seam says.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "base/status.h"
#include "tests/simfs/image.h"
#include "tests/simfs/loss.h"

namespace keel::simfs {

enum class OperationKind : uint8_t {
  kOpen,  // of a file that is there; opening one that is not is a kCreate
  kCreate,
  kRead,
  kWrite,  // WriteAt and Append
  kPreallocate,
  kTruncate,  // also by opening with kCreateOrEmpty
  kSync,
  kRename,
  kRemove,
  kCreateDirectory,
  kRemoveDirectory,
  kSyncDirectory,
  kList,
};

[[nodiscard]] const char* OperationName(OperationKind kind);
// Reading, listing and opening change nothing, so a crash before them is the crash after what was
// before.
[[nodiscard]] bool ChangesDisk(OperationKind kind);

struct Operation {
  OperationKind kind = OperationKind::kRead;
  std::string path;
  uint64_t offset = 0;
  uint64_t size_bytes = 0;  // of a read or a write, or the size asked for
};

struct Fault {
  enum class Kind : uint8_t {
    kNone,
    kError,      // fails with `status`; a failed Sync drops what it should have covered
    kPartial,    // a write of which only the first `argument` bytes happen; then `status`
    kLost,       // a write or a sync that says OK and did nothing
    kMisplaced,  // a read or a write that happens at offset `argument` instead
    kFlipped,    // a read or a write with bit `argument` of its bytes flipped
  };
  Kind kind = Kind::kNone;
  uint64_t argument = 0;
  Status status;
};

using OperationHook = std::function<Fault(const Operation&)>;

class SimulatedFileSystem final : public FileSystem {
 public:
  // Empty but for the root directory.
  SimulatedFileSystem();
  // Everything in the image is durable.
  explicit SimulatedFileSystem(const Image& image);
  ~SimulatedFileSystem() override;

  // None takes the hook away.
  void SetHook(OperationHook hook);
  // Growing beyond it is RESOURCE_EXHAUSTED; 0 is without bound.
  void SetCapacity(uint64_t capacity_bytes);

  // What all files take now.
  [[nodiscard]] uint64_t UsedBytes() const;

  // ---- crashes ----
  // What a restart would find if the crash came now.
  [[nodiscard]] Image ImageAfter(const Loss& loss) const;
  [[nodiscard]] Image ImageNow() const;
  // All ways to lose something now that can differ from one another, `seeds` of each kind that has
  // a choice, and at most `cuts_max` places to cut, the newest ones first.
  struct LossOptions {
    uint64_t seeds = 2;
    uint64_t cuts_max = 8;
  };
  [[nodiscard]] std::vector<Loss> Losses(const LossOptions& options) const;
  // The crash itself: this disk goes on from the image, and all that was open is dead.
  void Crash(const Loss& loss);

  // Flips bit `bit` of the file, counted from its start, as rot does: seen and durable alike.
  Status FlipBit(const std::string& path, uint64_t bit);

  // ---- FileSystem ----
  Result<std::unique_ptr<ReadableFile>> OpenReadable(const std::string& path,
                                                     AccessPattern pattern) override;
  Result<std::unique_ptr<AppendableFile>> OpenAppendable(const std::string& path,
                                                         OpenMode mode) override;
  Result<std::unique_ptr<WritableFile>> OpenWritable(const std::string& path,
                                                     OpenMode mode) override;
  Result<std::vector<std::string>> List(const std::string& directory) override;
  Result<bool> Exists(const std::string& path) override;
  Result<uint64_t> SizeBytes(const std::string& path) override;
  Status CreateDirectory(const std::string& directory) override;
  Status RemoveDirectory(const std::string& directory) override;
  Status Remove(const std::string& path) override;
  Status Rename(const RenameOptions& options) override;
  Status SyncDirectory(const std::string& directory) override;
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override;
  Result<DiskSpace> Space(const std::string& path) override;

 private:
  struct State;

  // Shared with the open files, which may outlive a crash but not this object's owner's interest.
  std::shared_ptr<State> state_;

  friend class SimulatedFile;
};

}  // namespace keel::simfs
