#include "jepsen/cluster/shims.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace keel::jepsen {
namespace {

struct Undo {
  UndoRecord record;
  std::string old;
};

// A record that is cut off was of a write that never happened.
std::vector<Undo> ReadJournal(const std::string& path, uint64_t since_us) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  const std::string bytes = text.str();
  std::vector<Undo> undos;
  for (size_t at = 0; at + sizeof(UndoRecord) <= bytes.size();) {
    Undo undo;
    std::memcpy(&undo.record, bytes.data() + at, sizeof(UndoRecord));
    at += sizeof(UndoRecord);
    if (bytes.size() - at < undo.record.old_bytes) break;
    undo.old = bytes.substr(at, undo.record.old_bytes) + std::string(undo.record.old_zeros, '\0');
    at += undo.record.old_bytes;
    if (undo.record.at_us >= since_us) undos.push_back(std::move(undo));
  }
  return undos;
}

// The size is what it was before the oldest of them. Sizes between do not matter: what a shrinking
// cut off is in its own record. One truncation and not one a write, as each may wait for the disk.
Status UndoAll(const std::string& path, const std::vector<Undo>& undos) {
  if (undos.empty()) return {};
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return ErrnoStatus(errno, "opening " + path);
  const uint64_t size = undos.front().record.old_size;
  bool is_done = true;
  for (auto undo = undos.rbegin(); undo != undos.rend(); ++undo) {
    const uint64_t offset = undo->record.offset;
    if (offset >= size) continue;
    const size_t bytes = std::min<uint64_t>(undo->old.size(), size - offset);
    is_done = is_done && ::pwrite(file, undo->old.data(), bytes, static_cast<off_t>(offset)) ==
                             static_cast<ssize_t>(bytes);
  }
  is_done = is_done && ::ftruncate(file, static_cast<off_t>(size)) == 0;
  const int write_error = errno;
  ::close(file);
  return is_done ? Status() : ErrnoStatus(write_error, "undoing writes of " + path);
}

}  // namespace

Result<std::unique_ptr<Shims>> Shims::Make(Options options) {
  std::unique_ptr<Shims> shims(new Shims(std::move(options)));
  const Options& made = shims->options_;
  if (made.library.empty()) return shims;
  if (::access(made.library.c_str(), R_OK) != 0) {
    return ErrnoStatus(errno, "faults of disks and clocks need " + made.library);
  }
  for (size_t node = 0; node < made.nodes; node++) {
    std::error_code error;
    std::filesystem::create_directory(shims->UndoOf(node), error);
    const int file = ::open(shims->ControlOf(node).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0 || ::ftruncate(file, sizeof(ShimControl)) != 0) {
      return ErrnoStatus(errno, "making " + shims->ControlOf(node));
    }
    void* page = ::mmap(nullptr, sizeof(ShimControl), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (page == MAP_FAILED) return ErrnoStatus(errno, "mmap");
    shims->controls_.push_back(static_cast<ShimControl*>(page));
  }
  return shims;
}

Shims::~Shims() {
  for (ShimControl* control : controls_) ::munmap(control, sizeof(ShimControl));
}

std::string Shims::DataOf(size_t node) const {
  return options_.directory + "/n" + std::to_string(node + 1);
}

std::vector<std::string> Shims::EnvironmentOf(size_t node) const {
  if (node >= controls_.size()) return {};
  return {"LD_PRELOAD=" + options_.library,
          std::string(kShimControlVariable) + "=" + ControlOf(node),
          std::string(kShimDataVariable) + "=" + DataOf(node) + "/",
          std::string(kShimUndoVariable) + "=" + UndoOf(node)};
}

Result<size_t> Shims::LoseUnsynced(size_t node, uint64_t since_us) const {
  std::map<uint64_t, std::string> files;  // by inode
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(DataOf(node), error)) {
    struct stat status {};
    if (entry.is_regular_file(error) && ::stat(entry.path().c_str(), &status) == 0) {
      files[status.st_ino] = entry.path();
    }
  }
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(UndoOf(node), error)) {
    const auto file = files.find(std::stoull(entry.path().filename().string()));
    if (file != files.end()) {
      const std::vector<Undo> undos = ReadJournal(entry.path(), since_us);
      KEEL_RETURN_IF_ERROR(UndoAll(file->second, undos));
      count += undos.size();
    }
    std::filesystem::remove(entry.path(), error);
  }
  return count;
}

void Shims::ForgetJournals(size_t node) const {
  std::error_code error;
  std::filesystem::remove_all(UndoOf(node), error);
  std::filesystem::create_directory(UndoOf(node), error);
}

}  // namespace keel::jepsen
