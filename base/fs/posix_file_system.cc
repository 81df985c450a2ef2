#include "base/fs/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/fs/posix_file.h"

namespace keel {

namespace {

// A large file that is synced at its end alone would go to the disk in one burst, and whoever syncs
// a log on the same disk waits behind all of it.
constexpr uint64_t kSteadyBytes = uint64_t{4} << 20;

class PosixReadable final : public ReadableFile {
 public:
  explicit PosixReadable(PosixFile file) : file_(std::move(file)) {}

  Result<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override {
    return file_.ReadAt(offset, buffer);
  }
  Result<uint64_t> SizeBytes() const override { return file_.SizeBytes(); }

 private:
  PosixFile file_;
};

class PosixAppendable final : public AppendableFile {
 public:
  explicit PosixAppendable(PosixFile file) : file_(std::move(file)) {}

  Status Append(std::string_view bytes) override {
    KEEL_RETURN_IF_ERROR(file_.Append(bytes));
    if (unwritten_bytes_ += bytes.size(); unwritten_bytes_ >= kSteadyBytes) Steady();
    return {};
  }
  Status Sync() override {
    unwritten_bytes_ = 0;
    return file_.SyncData();
  }
  Status Close() override { return file_.Close(); }

 private:
  // The disk begins with what is there: nothing is promised by that, and nobody waits for it.
  void Steady() {
    unwritten_bytes_ = 0;
#ifdef SYNC_FILE_RANGE_WRITE
    (void)::sync_file_range(file_.descriptor(), 0, 0, SYNC_FILE_RANGE_WRITE);
#endif
  }

  PosixFile file_;
  // Neither written to the disk nor begun; a guess, as a Sync runs beside the writer.
  std::atomic<uint64_t> unwritten_bytes_ = 0;
};

class PosixWritable final : public WritableFile {
 public:
  explicit PosixWritable(PosixFile file) : file_(std::move(file)) {}

  Result<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override {
    return file_.ReadAt(offset, buffer);
  }
  Result<uint64_t> SizeBytes() const override { return file_.SizeBytes(); }
  Status WriteAt(uint64_t offset, std::span<const std::string_view> pieces) override {
    return file_.WriteAt(offset, pieces);
  }
  Status WriteZeros(uint64_t offset, uint64_t size_bytes) override {
    return file_.WriteZeros(offset, size_bytes);
  }
  Status Preallocate(uint64_t size_bytes) override { return file_.Preallocate(size_bytes); }
  Status Truncate(uint64_t size_bytes) override { return file_.Truncate(size_bytes); }
  Status Sync() override { return file_.SyncData(); }
  Status Close() override { return file_.Close(); }

 private:
  PosixFile file_;
};

// The lock belongs to the open descriptor, so a second opening of this process is refused too.
class PosixLock final : public FileLock {
 public:
  explicit PosixLock(PosixFile file) : file_(std::move(file)) {}

 private:
  PosixFile file_;
};

int FlagsOf(OpenMode mode) {
  switch (mode) {
    case OpenMode::kExisting:
      return 0;
    case OpenMode::kCreateNew:
      return O_CREAT | O_EXCL;
    case OpenMode::kCreateOrKeep:
      return O_CREAT;
    case OpenMode::kCreateOrEmpty:
      return O_CREAT | O_TRUNC;
  }
  return 0;
}

int AdviceOf(AccessPattern pattern) {
  switch (pattern) {
    case AccessPattern::kRandom:
      return POSIX_FADV_RANDOM;
    case AccessPattern::kSequential:
      return POSIX_FADV_SEQUENTIAL;
    case AccessPattern::kMixed:
      break;
  }
  return POSIX_FADV_NORMAL;
}

Result<struct stat> FactsOf(const std::string& path) {
  struct stat facts = {};
  if (::stat(path.c_str(), &facts) != 0) return ErrnoStatus(errno, "stat " + path);
  return facts;
}

}  // namespace

Result<std::unique_ptr<ReadableFile>> PosixFileSystem::OpenReadable(const std::string& path,
                                                                    AccessPattern pattern) {
  KEEL_ASSIGN_OR_RETURN(PosixFile file, PosixFile::Open(path, {.flags = O_RDONLY}));
  // Advice only: a file system that does not take it is none the worse.
  (void)::posix_fadvise(file.descriptor(), 0, 0, AdviceOf(pattern));
  return std::make_unique<PosixReadable>(std::move(file));
}

Result<std::unique_ptr<AppendableFile>> PosixFileSystem::OpenAppendable(const std::string& path,
                                                                        OpenMode mode) {
  KEEL_ASSIGN_OR_RETURN(PosixFile file,
                        PosixFile::Open(path, {.flags = O_WRONLY | O_APPEND | FlagsOf(mode)}));
  return std::make_unique<PosixAppendable>(std::move(file));
}

Result<std::unique_ptr<WritableFile>> PosixFileSystem::OpenWritable(const std::string& path,
                                                                    OpenMode mode) {
  KEEL_ASSIGN_OR_RETURN(PosixFile file, PosixFile::Open(path, {.flags = O_RDWR | FlagsOf(mode)}));
  return std::make_unique<PosixWritable>(std::move(file));
}

Result<std::vector<std::string>> PosixFileSystem::List(const std::string& directory) {
  DIR* stream = ::opendir(directory.c_str());
  if (stream == nullptr) return ErrnoStatus(errno, "list " + directory);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
    errno = 0;
  }
  const int failure = errno;
  ::closedir(stream);
  if (failure != 0) return ErrnoStatus(failure, "list " + directory);
  std::sort(names.begin(), names.end());
  return names;
}

Result<bool> PosixFileSystem::Exists(const std::string& path) {
  const Result<struct stat> facts = FactsOf(path);
  if (facts.ok()) return true;
  if (facts.status().code() == Code::kNotFound) return false;
  return facts.status();
}

Result<uint64_t> PosixFileSystem::SizeBytes(const std::string& path) {
  KEEL_ASSIGN_OR_RETURN(const struct stat facts, FactsOf(path));
  return static_cast<uint64_t>(facts.st_size);
}

Status PosixFileSystem::CreateDirectory(const std::string& directory) {
  // For its owner alone: the data of every user is in there.
  if (::mkdir(directory.c_str(), 0700) != 0) return ErrnoStatus(errno, "mkdir " + directory);
  return {};
}

Status PosixFileSystem::RemoveDirectory(const std::string& directory) {
  if (::rmdir(directory.c_str()) != 0) return ErrnoStatus(errno, "rmdir " + directory);
  return {};
}

Status PosixFileSystem::Remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return ErrnoStatus(errno, "remove " + path);
  return {};
}

Status PosixFileSystem::Rename(const RenameOptions& options) {
  if (::rename(options.from.c_str(), options.to.c_str()) != 0) {
    return ErrnoStatus(errno, "rename " + options.from + " to " + options.to);
  }
  return {};
}

Status PosixFileSystem::SyncDirectory(const std::string& directory) {
  KEEL_ASSIGN_OR_RETURN(PosixFile file,
                        PosixFile::Open(directory, {.flags = O_RDONLY | O_DIRECTORY}));
  KEEL_RETURN_IF_ERROR(file.SyncAll());
  return file.Close();
}

Result<std::unique_ptr<FileLock>> PosixFileSystem::Lock(const std::string& path) {
  KEEL_ASSIGN_OR_RETURN(PosixFile file, PosixFile::Open(path, {.flags = O_RDWR | O_CREAT}));
  if (::flock(file.descriptor(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Unavailable("lock " + path + ": another process holds it");
    return file.Failure("lock");
  }
  return std::make_unique<PosixLock>(std::move(file));
}

Result<DiskSpace> PosixFileSystem::Space(const std::string& path) {
  struct statvfs facts = {};
  if (::statvfs(path.c_str(), &facts) != 0) return ErrnoStatus(errno, "statvfs " + path);
  return DiskSpace{.available_bytes = uint64_t{facts.f_bavail} * facts.f_frsize,
                   .total_bytes = uint64_t{facts.f_blocks} * facts.f_frsize};
}

}  // namespace keel
