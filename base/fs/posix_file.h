// One open descriptor and the system calls on it, each carried through to its end.
//
// A call that a signal interrupted is repeated, a read or a write that did part of its work goes on
// where it stopped. Failures are Statuses that name the call and the path. Owned by one file
// object; reads may come from many threads, writes from one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/status.h"

namespace keel {

class PosixFile {
 public:
  struct OpenOptions {
    int flags = 0;    // O_CLOEXEC is added
    int mode = 0600;  // the data of every user is in these files
  };
  static Result<PosixFile> Open(const std::string& path, const OpenOptions& options);

  PosixFile(PosixFile&& other) noexcept;
  PosixFile& operator=(PosixFile&& other) noexcept;
  ~PosixFile();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] Result<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const;
  Status WriteAt(uint64_t offset, std::span<const std::string_view> pieces);
  // Past the system's cache, where the file system allows that.
  Status WriteZeros(uint64_t offset, uint64_t size_bytes);
  // At the descriptor's own position: the end, for one that was opened with O_APPEND.
  Status Append(std::string_view bytes);
  [[nodiscard]] Result<uint64_t> SizeBytes() const;
  Status Preallocate(uint64_t size_bytes);
  Status Truncate(uint64_t size_bytes);
  // The data, and the metadata that is needed to read it back.
  Status SyncData();
  // Also the rest of the metadata: for directories.
  Status SyncAll();
  Status Close();

  // The failure of `call` on this file, by errno.
  [[nodiscard]] Status Failure(std::string_view call) const;

 private:
  PosixFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

  // From `from` up to and without `to`.
  Status PutZeros(uint64_t from, uint64_t to);

  int descriptor_ = -1;
  std::string path_;
};

}  // namespace keel
