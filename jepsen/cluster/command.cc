#include "jepsen/cluster/command.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>

namespace keel::jepsen {
namespace {

constexpr int kNotStarted = 127;
// Where administrators' programs are, which a user's PATH may leave out.
constexpr const char* kSystemPath = ":/usr/sbin:/sbin";

std::string Find(const std::string& program) {
  if (program.find('/') != std::string::npos) return program;
  const char* path = std::getenv("PATH");
  std::string rest = (path == nullptr ? std::string("/usr/bin") : std::string(path)) + kSystemPath;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(':'), rest.size());
    std::string candidate = rest.substr(0, end) + "/" + program;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.erase(0, end + 1);
  }
  return "";
}

struct Ends {
  std::array<int, 2> in{-1, -1};
  std::array<int, 2> out{-1, -1};
  std::array<int, 2> complaints{-1, -1};

  bool Open() {
    return ::pipe2(in.data(), O_CLOEXEC) == 0 && ::pipe2(out.data(), O_CLOEXEC) == 0 &&
           ::pipe2(complaints.data(), O_CLOEXEC) == 0;
  }
  ~Ends() {
    for (const auto* pair : {&in, &out, &complaints}) {
      for (const int end : *pair) Close(end);
    }
  }
  static void Close(int end) {
    if (end >= 0) ::close(end);
  }
};

// In the child: nothing that may lock or allocate.
[[noreturn]] void Become(char* const* words, const Ends& ends, int network, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kNotStarted);
  if (network >= 0 && ::setns(network, CLONE_NEWNET) != 0) ::_exit(kNotStarted);
  ::dup2(ends.in[0], STDIN_FILENO);
  ::dup2(ends.out[1], STDOUT_FILENO);
  ::dup2(ends.complaints[1], STDERR_FILENO);
  ::execv(words[0], words);
  ::_exit(kNotStarted);
}

// Feeds and reads until both outputs have ended.
void Converse(Ends* ends, std::string input, std::string* printed, std::string* complained) {
  std::array<char, 16384> buffer{};
  bool is_open = true;
  while (is_open) {
    if (input.empty() && ends->in[1] >= 0) {
      ::close(ends->in[1]);
      ends->in[1] = -1;
    }
    std::array<pollfd, 3> wanted = {
        pollfd{.fd = ends->out[0], .events = POLLIN, .revents = 0},
        pollfd{.fd = ends->complaints[0], .events = POLLIN, .revents = 0},
        pollfd{.fd = ends->in[1], .events = POLLOUT, .revents = 0}};
    if (::poll(wanted.data(), wanted.size(), -1) < 0 && errno != EINTR) return;
    if (wanted[2].revents != 0) {
      // So much a pipe that is ready takes without blocking.
      const size_t piece = std::min<size_t>(input.size(), PIPE_BUF);
      const ssize_t sent = ::write(ends->in[1], input.data(), piece);
      input.erase(0, sent < 0 ? input.size() : static_cast<size_t>(sent));
    }
    is_open = false;
    for (size_t i = 0; i < 2; i++) {
      int* const end = i == 0 ? &ends->out[0] : &ends->complaints[0];
      if (*end >= 0 && wanted[i].revents != 0) {
        const ssize_t got = ::read(*end, buffer.data(), buffer.size());
        if (got > 0) (i == 0 ? printed : complained)->append(buffer.data(), got);
        if (got == 0) {
          ::close(*end);
          *end = -1;
        }
      }
      is_open = is_open || *end >= 0;
    }
  }
}

}  // namespace

Result<std::string> RunCommand(const Command& command) {
  std::vector<std::string> words = command.words;
  const std::string name = words.front();
  words.front() = Find(name);
  if (words.front().empty()) return NotFound("there is no program " + name + " on the PATH");
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  Ends ends;
  if (!ends.Open()) return ErrnoStatus(errno, "pipe");
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) Become(pointers.data(), ends, command.network, parent);
  if (child < 0) return ErrnoStatus(errno, "fork");
  for (int* end : {&ends.in[0], &ends.out[1], &ends.complaints[1]}) {
    ::close(*end);
    *end = -1;
  }
  std::string printed;
  std::string complained;
  Converse(&ends, command.input, &printed, &complained);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return printed;
  std::string whole;
  for (const std::string& word : command.words) whole += (whole.empty() ? "" : " ") + word;
  return Internal("`" + whole + "` failed: " + (complained.empty() ? printed : complained));
}

}  // namespace keel::jepsen
