// The machine's own disk, behind the seam of base/file_system.h.
//
// Plain system calls, nothing buffered and nothing mapped: what Append or WriteAt returned OK for
// is in the kernel, and what Sync returned OK for is on the device. Interrupted calls are repeated
// and short ones continued; descriptors are closed on exec. Every failure names the call and the
// path.
//
// Stateless, so one instance serves the whole process from any thread; it outlives the files that
// it opened.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "base/status.h"

namespace keel {

class PosixFileSystem final : public FileSystem {
 public:
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
};

}  // namespace keel
