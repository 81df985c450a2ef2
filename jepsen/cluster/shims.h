// The tool's side of the library that is put into servers (jepsen/shim): one page of memory a node
// to say what fails, and the journals of what a loss of power would take.
//
// Main thread only. The directory is the caller's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "jepsen/shim/control.h"

namespace keel::jepsen {

class Shims {
 public:
  struct Options {
    std::string directory;
    std::string library;  // empty: servers run without it
    size_t nodes = 0;
  };
  static Result<std::unique_ptr<Shims>> Make(Options options);
  Shims(const Shims&) = delete;
  Shims& operator=(const Shims&) = delete;
  ~Shims();

  // What a node is started with.
  [[nodiscard]] std::vector<std::string> EnvironmentOf(size_t node) const;
  [[nodiscard]] ShimControl* Of(size_t node) { return controls_[node]; }
  // Of a killed node: the writes since that moment of the monotonic clock that no sync has covered
  // are undone, the last first; those before had been written back. How many.
  Result<size_t> LoseUnsynced(size_t node, uint64_t since_us) const;
  // Of a node that is down, whose files were replaced.
  void ForgetJournals(size_t node) const;

 private:
  explicit Shims(Options options) : options_(std::move(options)) {}
  [[nodiscard]] std::string DataOf(size_t node) const;
  [[nodiscard]] std::string ControlOf(size_t node) const { return DataOf(node) + ".control"; }
  [[nodiscard]] std::string UndoOf(size_t node) const { return DataOf(node) + ".undo"; }

  const Options options_;
  std::vector<ShimControl*> controls_;
};

}  // namespace keel::jepsen
