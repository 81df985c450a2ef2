// Waiting that a signal ends: SIGINT, SIGTERM and SIGHUP are held back from the whole process and
// taken only here, so that what runs is ended in order. Main thread only; made before any thread.
#pragma once

#include <chrono>
#include <csignal>

namespace keel::jepsen {

class Interrupt {
 public:
  Interrupt();

  // False when a signal has come, now or before.
  [[nodiscard]] bool Sleep(std::chrono::milliseconds time);
  [[nodiscard]] bool has_come() const { return has_come_; }

 private:
  sigset_t signals_;
  bool has_come_ = false;
};

}  // namespace keel::jepsen
