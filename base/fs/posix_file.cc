#include "base/fs/posix_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/file_system.h"

namespace keel {

namespace {

// Repeats a system call for as long as a signal interrupts it.
template <class Call>
auto Uninterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

iovec VectorOf(std::string_view piece) {
  // The interface of writev is not const-correct; the bytes are only read.
  return {const_cast<char*>(piece.data()), piece.size()};
}

// Aligned, as writes past the cache demand. Never written to; const, it would be in the program's
// file.
alignas(kFilePageBytes) std::array<char, 256 * 1024> zeros = {};

// Drops the first `written` bytes.
void Advance(std::vector<iovec>* vectors, size_t* first, size_t written) {
  while (*first < vectors->size() && written >= (*vectors)[*first].iov_len) {
    written -= (*vectors)[*first].iov_len;
    ++*first;
  }
  if (written == 0) return;
  iovec& partial = (*vectors)[*first];
  partial.iov_base = static_cast<char*>(partial.iov_base) + written;
  partial.iov_len -= written;
}

}  // namespace

Result<PosixFile> PosixFile::Open(const std::string& path, const OpenOptions& options) {
  const int descriptor =
      Uninterrupted([&] { return ::open(path.c_str(), options.flags | O_CLOEXEC, options.mode); });
  if (descriptor < 0) return ErrnoStatus(errno, "open " + path);
  return PosixFile(descriptor, path);
}

PosixFile::PosixFile(PosixFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

PosixFile& PosixFile::operator=(PosixFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

PosixFile::~PosixFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status PosixFile::Failure(std::string_view call) const {
  return ErrnoStatus(errno, std::string(call) + " " + path_);
}

Result<size_t> PosixFile::ReadAt(uint64_t offset, std::span<char> buffer) const {
  size_t done = 0;
  while (done < buffer.size()) {
    const ssize_t count = Uninterrupted([&] {
      return ::pread(descriptor_, buffer.data() + done, buffer.size() - done,
                     static_cast<off_t>(offset + done));
    });
    if (count < 0) return Failure("read");
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

Status PosixFile::WriteAt(uint64_t offset, std::span<const std::string_view> pieces) {
  std::vector<iovec> vectors;
  vectors.reserve(pieces.size());
  for (std::string_view piece : pieces) {
    if (!piece.empty()) vectors.push_back(VectorOf(piece));
  }
  size_t first = 0;
  while (first < vectors.size()) {
    const size_t count = std::min<size_t>(vectors.size() - first, IOV_MAX);
    const ssize_t written = Uninterrupted([&] {
      return ::pwritev(descriptor_, &vectors[first], static_cast<int>(count),
                       static_cast<off_t>(offset));
    });
    if (written < 0) return Failure("write");
    if (written == 0) return DataLoss("write " + path_ + ": the device takes nothing");
    offset += static_cast<uint64_t>(written);
    Advance(&vectors, &first, static_cast<size_t>(written));
  }
  return {};
}

Status PosixFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        Uninterrupted([&] { return ::write(descriptor_, bytes.data(), bytes.size()); });
    if (written < 0) return Failure("append");
    if (written == 0) return DataLoss("append " + path_ + ": the device takes nothing");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<uint64_t> PosixFile::SizeBytes() const {
  struct stat facts = {};
  if (::fstat(descriptor_, &facts) != 0) return Failure("stat");
  return static_cast<uint64_t>(facts.st_size);
}

Status PosixFile::Preallocate(uint64_t size_bytes) {
  KEEL_ASSIGN_OR_RETURN(const uint64_t before_bytes, SizeBytes());
  if (size_bytes == 0) return {};
  const int failed =
      Uninterrupted([&] { return ::fallocate(descriptor_, 0, 0, static_cast<off_t>(size_bytes)); });
  Status status;
  if (failed != 0 && errno != EOPNOTSUPP) status = Failure("preallocate");
  if (failed != 0 && errno == EOPNOTSUPP) status = PutZeros(before_bytes, size_bytes);
  if (status.ok()) return {};
  // A disk that filled up half-way may have grown the file; the size goes back to what it was.
  KEEL_ASSIGN_OR_RETURN(const uint64_t after_bytes, SizeBytes());
  if (after_bytes != before_bytes) KEEL_RETURN_IF_ERROR(Truncate(before_bytes));
  return status;
}

Status PosixFile::WriteZeros(uint64_t offset, uint64_t size_bytes) {
  const int flags = ::fcntl(descriptor_, F_GETFL);
  const bool direct = flags >= 0 && ::fcntl(descriptor_, F_SETFL, flags | O_DIRECT) == 0;
  Status status = PutZeros(offset, offset + size_bytes);
  if (!direct) return status;
  if (::fcntl(descriptor_, F_SETFL, flags) != 0) return Failure("reset the flags of");
  // A device of larger blocks than ours.
  if (status.code() == Code::kInvalidArgument) status = PutZeros(offset, offset + size_bytes);
  return status;
}

Status PosixFile::PutZeros(uint64_t from, uint64_t to) {
  while (from < to) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(to - from, zeros.size()));
    const std::string_view piece(zeros.data(), count);
    KEEL_RETURN_IF_ERROR(WriteAt(from, {&piece, 1}));
    from += count;
  }
  return {};
}

Status PosixFile::Truncate(uint64_t size_bytes) {
  const int failed =
      Uninterrupted([&] { return ::ftruncate(descriptor_, static_cast<off_t>(size_bytes)); });
  if (failed != 0) return Failure("truncate");
  return {};
}

Status PosixFile::SyncData() {
  // Not repeated on EINTR alone: no file system of Linux interrupts it, and a failure is final.
  if (::fdatasync(descriptor_) != 0) return Failure("fdatasync");
  return {};
}

Status PosixFile::SyncAll() {
  if (::fsync(descriptor_) != 0) return Failure("fsync");
  return {};
}

Status PosixFile::Close() {
  KEEL_CHECK(descriptor_ >= 0) << path_ << " is closed twice";
  // After EINTR the descriptor is gone on Linux all the same: closing it again could hit a
  // descriptor that another thread has just opened.
  const int failed = ::close(std::exchange(descriptor_, -1));
  if (failed != 0 && errno != EINTR) return Failure("close");
  return {};
}

}  // namespace keel
