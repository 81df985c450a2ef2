#include "jepsen/cluster/janitor.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

namespace keel::jepsen {
namespace {

constexpr int kTriesMax = 100;
constexpr auto kBetweenTries = std::chrono::milliseconds(20);
// Servers that are dying at this moment may still make files: it must stay gone for so many tries.
constexpr int kQuietTries = 5;

void RemoveForGood(const std::string& directory) {
  int quiet = 0;
  for (int i = 0; i < kTriesMax && quiet < kQuietTries; i++) {
    std::error_code error;
    const bool was_there = std::filesystem::exists(directory, error);
    std::filesystem::remove_all(directory, error);
    quiet = was_there ? 0 : quiet + 1;
    std::this_thread::sleep_for(kBetweenTries);
  }
}

[[noreturn]] void Help(int pipe, const std::string& directory) {
  ::setsid();  // a Ctrl-C is for the tool
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  char byte = 0;
  while (::read(pipe, &byte, 1) < 0 && errno == EINTR) {
  }
  RemoveForGood(directory);
  ::_exit(0);
}

}  // namespace

Result<std::unique_ptr<Janitor>> Janitor::Start() {
  const char* parent = std::getenv("TMPDIR");
  std::string name = std::string(parent == nullptr ? "/tmp" : parent) + "/keel-jepsen-XXXXXX";
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe");
  // The helper learns the name by the fork, so the directory is made first; what dies between the
  // two leaves an empty directory.
  if (::mkdtemp(name.data()) == nullptr) return ErrnoStatus(errno, "making " + name);
  const pid_t helper = ::fork();
  if (helper == 0) {
    ::close(ends[1]);
    Help(ends[0], name);
  }
  const int fork_error = errno;
  ::close(ends[0]);
  if (helper < 0) {
    ::close(ends[1]);
    ::rmdir(name.c_str());
    return ErrnoStatus(fork_error, "fork");
  }
  return std::unique_ptr<Janitor>(new Janitor(std::move(name), ends[1], helper));
}

Janitor::~Janitor() {
  ::close(pipe_);
  int status = 0;
  while (::waitpid(helper_, &status, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace keel::jepsen
