// Gives back the room of what is compacted away, on this member's disk, while it serves.
//
// The log decides what is compacted; each member frees it in its own time: a bounded step on the
// pool, a pause, the next step. Belongs to the node role but for the steps. A failing disk is
// reported once, on the node role.
#pragma once

#include <atomic>
#include <functional>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "server/node/once.h"
#include "server/node/roles.h"
#include "server/node/state_machine.h"

namespace keel::node {

class CompactionLoop {
 public:
  struct Options {
    Roles roles;
    std::function<void(const Status&)> on_failed;
  };
  explicit CompactionLoop(Options options) : options_(std::move(options)) {}

  // Now and then: begins with what has been compacted since.
  void Advance(StateMachine* machine);
  // `done` comes on the node role, when all is freed that is compacted by now.
  void Await(StateMachine* machine, Once<Status> done);
  // Another state took the place of the one before.
  void Reset() { freed_ = Revision(); }
  void Shutdown();

 private:
  struct Waiter {
    Revision target;
    Once<Status> done;
  };
  void StepLater(StateMachine* machine, Revision target, uint64_t pause_us);
  void OnFreed(Revision target);

  const Options options_;
  std::atomic<bool> stopped_ = false;
  bool running_ = false;
  Revision freed_;
  std::vector<Waiter> waiters_;
};

}  // namespace keel::node
