#include "jepsen/cluster/child.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <thread>

namespace keel::jepsen {
namespace {

constexpr int kNotStarted = 127;
constexpr auto kPollEvery = std::chrono::milliseconds(2);

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  for (std::string& text : *texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// In the child, between fork and exec: nothing that may lock or allocate.
struct Given {
  int log = -1;
  int network = -1;
  pid_t parent = 0;
};
[[noreturn]] void Become(char* const* arguments, char* const* environment, const Given& given) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != given.parent) ::_exit(kNotStarted);
  if (given.network >= 0 && ::setns(given.network, CLONE_NEWNET) != 0) ::_exit(kNotStarted);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(given.log, STDOUT_FILENO);
  ::dup2(given.log, STDERR_FILENO);
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  ::execve(arguments[0], arguments, environment);
  ::_exit(kNotStarted);
}

}  // namespace

Result<std::unique_ptr<Child>> Child::Start(const Options& options) {
  std::vector<std::string> arguments = options.arguments;
  std::vector<std::string> environment;
  for (char** variable = ::environ; *variable != nullptr; variable++) {
    environment.emplace_back(*variable);
  }
  environment.insert(environment.end(), options.environment.begin(), options.environment.end());
  if (::access(arguments.front().c_str(), X_OK) != 0) {
    return ErrnoStatus(errno, "starting " + arguments.front());
  }
  const int log = ::open(options.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log < 0) return ErrnoStatus(errno, "opening " + options.log_path);
  const std::vector<char*> argument_pointers = Pointers(&arguments);
  const std::vector<char*> environment_pointers = Pointers(&environment);
  const Given given{.log = log, .network = options.network, .parent = ::getpid()};
  const pid_t pid = ::fork();
  if (pid == 0) Become(argument_pointers.data(), environment_pointers.data(), given);
  const int fork_error = errno;
  ::close(log);
  if (pid < 0) return ErrnoStatus(fork_error, "fork");
  return std::unique_ptr<Child>(new Child(pid));
}

Child::~Child() {
  if (ended_) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
}

bool Child::IsRunning() {
  if (ended_) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) ended_ = status;
  return !ended_.has_value();
}

Status Child::Send(int signal_number) const {
  if (ended_) return FailedPrecondition("the process has ended");
  if (::kill(pid_, signal_number) != 0) return ErrnoStatus(errno, "kill");
  return {};
}

std::optional<int> Child::WaitForEnd(Patience patience) {
  while (IsRunning() && !patience.IsOver()) std::this_thread::sleep_for(kPollEvery);
  return ended_;
}

char Child::State() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
  std::string text;
  std::getline(file, text);
  // The name is in brackets, and may hold anything.
  const size_t end = text.rfind(") ");
  return end == std::string::npos || end + 2 >= text.size() ? ' ' : text[end + 2];
}

}  // namespace keel::jepsen
