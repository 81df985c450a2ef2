// Loaded into a server by LD_PRELOAD: makes its disk and its clock fail as the tool says.
//
// Before a write to the data directory what it overwrites is noted in a journal of the file, and a
// sync that succeeded empties that journal. After a SIGKILL the journals hold what a loss of power
// could have taken, and the tool takes it. A file's writes and syncs exclude each other while
// there are journals, so that a sync never covers a write that is not yet in the journal.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "jepsen/shim/control.h"

namespace {

using keel::jepsen::ShimControl;
using keel::jepsen::UndoRecord;

constexpr int kDescriptors = 4096;
constexpr int kLocks = 64;
constexpr long kNsPerUs = 1'000;
constexpr long kNsPerSecond = 1'000'000'000;
constexpr uint64_t kUsPerSecond = 1'000'000;
constexpr uint64_t kUsPerMs = 1'000;
constexpr int64_t kMsPerSecond = 1'000;

template <class Function>
Function Real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

ShimControl* Control() {
  static ShimControl* const control = [] {
    const char* path = std::getenv(keel::jepsen::kShimControlVariable);
    const int file = path == nullptr ? -1 : ::open(path, O_RDWR | O_CLOEXEC);
    void* page = file < 0 ? MAP_FAILED
                          : ::mmap(nullptr, sizeof(ShimControl), PROT_READ | PROT_WRITE, MAP_SHARED,
                                   file, 0);
    static ShimControl nothing{};
    return page == MAP_FAILED ? &nothing : static_cast<ShimControl*>(page);
  }();
  return control;
}

// What a descriptor was last seen to be.
struct Seen {
  ino_t inode = 0;
  bool is_data = false;
  int journal = -1;
};
Seen seen_by_descriptor[kDescriptors];
std::mutex locks[kLocks];

int OpenJournal(const struct stat& status) {
  const char* directory = std::getenv(keel::jepsen::kShimUndoVariable);
  if (directory == nullptr) return -1;
  char path[512];
  std::snprintf(path, sizeof(path), "%s/%llu", directory,
                static_cast<unsigned long long>(status.st_ino));
  // An empty file is a new one: what its inode was before is forgotten.
  const int fresh = status.st_size == 0 ? O_TRUNC : 0;
  return ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | fresh, 0644);
}

// Null where the descriptor is no file of the data directory.
Seen* DataFile(int descriptor, struct stat* status) {
  if (descriptor < 0 || descriptor >= kDescriptors || ::fstat(descriptor, status) != 0) {
    return nullptr;
  }
  Seen* seen = &seen_by_descriptor[descriptor];
  // An inode is given out again, but a new file is empty.
  const bool is_known = seen->inode == status->st_ino && status->st_size > 0;
  if (is_known) return seen->is_data ? seen : nullptr;
  if (seen->journal >= 0) ::close(seen->journal);
  *seen = {.inode = status->st_ino, .is_data = false, .journal = -1};
  const char* data = std::getenv(keel::jepsen::kShimDataVariable);
  char link[64];
  char path[512];
  std::snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
  const ssize_t bytes = ::readlink(link, path, sizeof(path) - 1);
  if (data == nullptr || bytes <= 0 || !S_ISREG(status->st_mode)) return nullptr;
  path[bytes] = '\0';
  if (std::strncmp(path, data, std::strlen(data)) != 0) return nullptr;
  seen->is_data = true;
  seen->journal = OpenJournal(*status);
  return seen;
}

uint64_t NowUs() {
  static const auto real = Real<int (*)(clockid_t, timespec*)>("clock_gettime");
  timespec time{};
  real(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * kUsPerSecond +
         static_cast<uint64_t>(time.tv_nsec / kNsPerUs);
}

bool IsZero(const char* bytes, uint64_t count) {
  return count == 0 || (bytes[0] == 0 && std::memcmp(bytes, bytes + 1, count - 1) == 0);
}

// How to undo what happens from `offset` on to so many bytes.
void Note(const Seen& seen, int descriptor, const struct stat& status, uint64_t offset,
          uint64_t bytes) {
  if (seen.journal < 0) return;
  const auto size = static_cast<uint64_t>(status.st_size);
  UndoRecord record{
      .at_us = NowUs(), .offset = offset, .old_bytes = 0, .old_zeros = 0, .old_size = size};
  if (offset < size) record.old_bytes = bytes < size - offset ? bytes : size - offset;
  size_t whole = sizeof(record) + record.old_bytes;
  char* text = static_cast<char*>(std::malloc(whole));
  if (text == nullptr) std::abort();
  std::memcpy(text, &record, sizeof(record));
  char link[64];
  std::snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
  // The server's own descriptor may not be open for reading.
  const int reader = record.old_bytes > 0 ? ::open(link, O_RDONLY | O_CLOEXEC) : -1;
  const bool is_read =
      record.old_bytes == 0 ||
      ::pread(reader, text + sizeof(record), record.old_bytes, static_cast<off_t>(offset)) ==
          static_cast<ssize_t>(record.old_bytes);
  if (reader >= 0) ::close(reader);
  if (is_read && IsZero(text + sizeof(record), record.old_bytes)) {
    record.old_zeros = record.old_bytes;
    record.old_bytes = 0;
    std::memcpy(text, &record, sizeof(record));
    whole = sizeof(record);
  }
  static const auto real = Real<ssize_t (*)(int, const void*, size_t)>("write");
  if (!is_read || real(seen.journal, text, whole) != static_cast<ssize_t>(whole)) std::abort();
  std::free(text);
  Control()->journaled_writes++;
}

// One write or change of size: refused, or noted and done.
template <class Work>
auto Change(int descriptor, int64_t offset, uint64_t bytes, const Work& work) -> decltype(work()) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return work();
  const std::lock_guard<std::mutex> lock(locks[status.st_ino % kLocks]);
  const Seen* seen = DataFile(descriptor, &status);
  if (seen == nullptr) return work();
  const bool grows =
      offset < 0 || static_cast<uint64_t>(offset) + bytes > static_cast<uint64_t>(status.st_size);
  if (Control()->fails_writes != 0 && grows) {
    Control()->failed_writes++;
    errno = ENOSPC;
    return -1;
  }
  off_t at = offset;
  if (offset < 0) {
    const bool appends = (::fcntl(descriptor, F_GETFL) & O_APPEND) != 0;
    at = appends ? status.st_size : ::lseek(descriptor, 0, SEEK_CUR);
  }
  Note(*seen, descriptor, status, static_cast<uint64_t>(at < 0 ? 0 : at), bytes);
  return work();
}

// By the C library's own function, not by the one below.
bool Empty(int journal) {
  static const auto real = Real<int (*)(int, off_t)>("ftruncate");
  return real(journal, 0) == 0;
}

template <class Work>
int Sync(int descriptor, const Work& work) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return work();
  const std::lock_guard<std::mutex> lock(locks[status.st_ino % kLocks]);
  const Seen* seen = DataFile(descriptor, &status);
  if (seen == nullptr) return work();
  if (const uint64_t slow_us = Control()->slow_sync_us; slow_us > 0) {
    Control()->slowed_syncs++;
    ::usleep(static_cast<useconds_t>(slow_us));
  }
  if (Control()->fails_syncs != 0) {
    Control()->failed_syncs++;
    errno = EIO;
    return -1;
  }
  const int result = work();
  if (result == 0 && seen->journal >= 0 && !Empty(seen->journal)) std::abort();
  return result;
}

uint64_t BytesOf(const iovec* parts, int count) {
  uint64_t bytes = 0;
  for (int i = 0; i < count; i++) bytes += parts[i].iov_len;
  return bytes;
}

}  // namespace

extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t count) {
  static const auto real = Real<ssize_t (*)(int, const void*, size_t)>("write");
  return Change(descriptor, -1, count, [&] { return real(descriptor, bytes, count); });
}

ssize_t pwrite(int descriptor, const void* bytes, size_t count, off_t offset) {
  static const auto real = Real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return Change(descriptor, offset, count, [&] { return real(descriptor, bytes, count, offset); });
}
ssize_t pwrite64(int descriptor, const void* bytes, size_t count, off_t offset) {
  return pwrite(descriptor, bytes, count, offset);
}

ssize_t pwritev(int descriptor, const iovec* parts, int count, off_t offset) {
  static const auto real = Real<ssize_t (*)(int, const iovec*, int, off_t)>("pwritev");
  return Change(descriptor, offset, BytesOf(parts, count),
                [&] { return real(descriptor, parts, count, offset); });
}
ssize_t pwritev64(int descriptor, const iovec* parts, int count, off_t offset) {
  return pwritev(descriptor, parts, count, offset);
}

int ftruncate(int descriptor, off_t size) noexcept {
  static const auto real = Real<int (*)(int, off_t)>("ftruncate");
  // What lies beyond the new end is lost: all of it is noted.
  return static_cast<int>(
      Change(descriptor, size, uint64_t{1} << 40, [&] { return real(descriptor, size); }));
}
int ftruncate64(int descriptor, off_t size) noexcept { return ftruncate(descriptor, size); }

int fallocate(int descriptor, int mode, off_t offset, off_t bytes) {
  static const auto real = Real<int (*)(int, int, off_t, off_t)>("fallocate");
  return static_cast<int>(
      Change(descriptor, offset + bytes, 0, [&] { return real(descriptor, mode, offset, bytes); }));
}
int fallocate64(int descriptor, int mode, off_t offset, off_t bytes) {
  return fallocate(descriptor, mode, offset, bytes);
}

int fsync(int descriptor) {
  static const auto real = Real<int (*)(int)>("fsync");
  return Sync(descriptor, [&] { return real(descriptor); });
}

int fdatasync(int descriptor) {
  static const auto real = Real<int (*)(int)>("fdatasync");
  return Sync(descriptor, [&] { return real(descriptor); });
}

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static const auto real = Real<int (*)(clockid_t, timespec*)>("clock_gettime");
  const int result = real(clock, time);
  if (result != 0 || clock != CLOCK_REALTIME) return result;
  int64_t offset_us = Control()->wall_offset_us;
  if (const int64_t drift_us = Control()->wall_drift_us; drift_us != 0) {
    const auto since_ms = static_cast<int64_t>((NowUs() - Control()->drifts_since_us) / kUsPerMs);
    offset_us += drift_us * since_ms / kMsPerSecond;
  }
  if (offset_us == 0) return result;
  int64_t ns = time->tv_sec * kNsPerSecond + time->tv_nsec + offset_us * kNsPerUs;
  if (ns < 0) ns = 0;
  time->tv_sec = ns / kNsPerSecond;
  time->tv_nsec = ns % kNsPerSecond;
  Control()->shifted_times++;
  return 0;
}

}  // extern "C"
