// A directory for the time of a run, and a helper process that removes it however the run ends.
//
// The helper is forked before the tool has any thread, does nothing but wait for the tool's end,
// by the end of a pipe, then removes the directory and ends. The tool itself removes the directory
// when the guard is destroyed, and waits for the helper. The main thread only.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace keel::jepsen {

class Janitor {
 public:
  // Makes a new directory below TMPDIR, or /tmp.
  static Result<std::unique_ptr<Janitor>> Start();
  Janitor(const Janitor&) = delete;
  Janitor& operator=(const Janitor&) = delete;
  ~Janitor();

  [[nodiscard]] const std::string& directory() const { return directory_; }

 private:
  Janitor(std::string directory, int pipe, pid_t helper)
      : directory_(std::move(directory)), pipe_(pipe), helper_(helper) {}

  const std::string directory_;
  const int pipe_;  // its end is the tool's end
  const pid_t helper_;
};

}  // namespace keel::jepsen
