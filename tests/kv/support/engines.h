// Engines for tests: the in-memory one, and LevelDB on a simulated disk that can crash.
//
// A world owns its disk and at most one open engine. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "kv/engine/level_engine.h"
#include "kv/engine/memory_engine.h"
#include "tests/simfs/simulated_file_system.h"

namespace keel::kv {

enum class EngineKind { kMemory, kLevel };

// Those that this build's tests run on: under TSan only the in-memory one, since Debian's LevelDB
// is not instrumented.
[[nodiscard]] std::vector<EngineKind> TestedEngines();

class EngineWorld {
 public:
  explicit EngineWorld(EngineKind kind);

  [[nodiscard]] Engine& engine() { return *engine_; }
  [[nodiscard]] LevelEngine& level();
  [[nodiscard]] simfs::SimulatedFileSystem& disk() { return disk_; }
  [[nodiscard]] EngineKind kind() const { return kind_; }
  [[nodiscard]] LevelOptions options();

  // Closes the engine and opens it again; the in-memory one stays as it is.
  Status Reopen();
  // The engine's process and machine die; what `loss` leaves is opened. LevelDB only.
  Status CrashAndReopen(const simfs::Loss& loss);
  void Close() { engine_.reset(); }

 private:
  const EngineKind kind_;
  simfs::SimulatedFileSystem disk_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace keel::kv
