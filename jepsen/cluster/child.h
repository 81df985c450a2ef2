// A process of the chaos tool's own: started, watched, hurt and reaped by its id.
//
// It dies with the thread that started it (PR_SET_PDEATHSIG), inherits no descriptor but its log,
// and is killed and reaped by the destructor: no process outlives the tool, however that ends.
// Start belongs to a thread that lives as long as the tool, the rest to the same thread.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "jepsen/cluster/patience.h"

namespace keel::jepsen {

class Child {
 public:
  struct Options {
    std::vector<std::string> arguments;    // the first is the program, a path
    std::vector<std::string> environment;  // NAME=VALUE, beside the tool's own
    std::string log_path;                  // its output, added to what is there
    int network = -1;                      // a network namespace; -1: the tool's
  };
  static Result<std::unique_ptr<Child>> Start(const Options& options);

  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool IsRunning();
  Status Send(int signal_number) const;
  // How it ended, as waitpid tells it; nothing when it still runs after that.
  std::optional<int> WaitForEnd(Patience patience);
  // As /proc tells it: R, S, D, T (stopped), Z; a blank when it is gone.
  [[nodiscard]] char State() const;

 private:
  explicit Child(pid_t pid) : pid_(pid) {}

  const pid_t pid_;
  std::optional<int> ended_;  // its wait status, once it was reaped
};

}  // namespace keel::jepsen
