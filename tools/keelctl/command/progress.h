// Long work as it goes: a bar with rate and remaining time on a terminal, a line now and then
// elsewhere. On standard error, so that standard output stays the command's. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "tools/keelctl/command/terminal.h"

namespace keel::ctl {

class Progress {
 public:
  struct Options {
    std::string what;  // "saving"
    // How an amount is written; HumanBytes, or HumanCount.
    std::function<std::string(double)> write;
    uint64_t total = 0;  // 0: not known yet
  };
  Progress(Terminal* terminal, Options options);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void SetTotal(uint64_t total) { options_.total = total; }
  void Update(uint64_t done);

  // "saving 12 MB of 40 MB, 30%, 6.0 MB/s, 5s left". Pure.
  [[nodiscard]] static std::string Line(const Options& options, uint64_t done, double seconds);
  // "[=====>      ]". Pure.
  [[nodiscard]] static std::string Bar(double part, size_t width);

 private:
  using Clock = std::chrono::steady_clock;

  Terminal* const terminal_;
  Options options_;
  const bool draws_;
  const Clock::time_point began_ = Clock::now();
  Clock::time_point shown_ = began_;
  bool drawn_ = false;
};

}  // namespace keel::ctl
