#include "tools/keelctl/text/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

namespace keel::ctl {
namespace {

Status WriteAll(int file, const std::string& text, const std::string& path) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t wrote = write(file, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return ErrnoStatus(errno, path);
    done += static_cast<size_t>(wrote);
  }
  return fsync(file) == 0 ? Status() : ErrnoStatus(errno, path);
}

}  // namespace

Result<std::string> ReadFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return ErrnoStatus(errno, path);
  std::string text;
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t got = read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      const Status status = got < 0 ? ErrnoStatus(errno, path) : Status();
      close(file);
      if (!status.ok()) return status;
      return text;
    }
    text.append(buffer.data(), static_cast<size_t>(got));
  }
}

Status WriteFile(const std::string& path, const std::string& text) {
  const std::string part = path + ".part";
  const int file = open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return ErrnoStatus(errno, part);
  Status status = WriteAll(file, text, part);
  if (close(file) != 0 && status.ok()) status = ErrnoStatus(errno, part);
  if (status.ok() && std::rename(part.c_str(), path.c_str()) != 0) {
    status = ErrnoStatus(errno, path);
  }
  if (!status.ok()) {
    unlink(part.c_str());
    return status;
  }
  return SyncDirectoryOf(path);
}

Status SyncDirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "."
                                : slash == 0               ? "/"
                                                           : path.substr(0, slash);
  const int file = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return ErrnoStatus(errno, directory);
  const Status status = fsync(file) == 0 ? Status() : ErrnoStatus(errno, directory);
  close(file);
  return status;
}

}  // namespace keel::ctl
