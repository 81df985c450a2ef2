// Carries archived entries into a state, by the code that members apply them with, up to a target.
//
// Blocking; one thread at a time.
#pragma once

#include <functional>
#include <memory>

#include "backup/archive/archive_reader.h"
#include "kv/engine/engine.h"
#include "kv/mvcc/state.h"
#include "tools/restore/target.h"

namespace keel::restore {

struct ReplayOptions {
  std::unique_ptr<kv::Engine> engine;
  Target target;
  backup::ArchiveReader* reader = nullptr;  // behind what the engine holds
  // With each run of entries that was applied. A failure that it gives ends the replay.
  std::function<Status()> on_progress;
};
struct Replayed {
  kv::StoreState state;
  uint64_t time_ms = 0;  // of the last entry that was applied, or of the base
  uint64_t entries = 0;
  // The entry behind is not wanted: the target lies within what the archive holds. Else the
  // archive's entries ended first.
  bool met_target = false;
};
// The engine is synced and closed.
[[nodiscard]] Result<Replayed> Replay(ReplayOptions options);

}  // namespace keel::restore
