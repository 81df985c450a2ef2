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
  // Another state took the place of the one before: what was freed of that one, or still is being
  // freed, says nothing of it.
  void Reset() {
    freed_ = Revision();
    ++state_;
  }
  void Shutdown();

 private:
  struct Waiter {
    Revision target;
    Once<Status> done;
  };
  // One walk of steps, through the state that was there when it began.
  struct Walk {
    StateMachine* machine = nullptr;
    Revision target;
    uint64_t state = 0;
  };
  void StepLater(const Walk& walk, uint64_t pause_us);
  void OnWalked(const Walk& walk);
  void OnFreed(Revision target);

  const Options options_;
  std::atomic<bool> stopped_ = false;
  bool running_ = false;
  uint64_t state_ = 0;  // numbers the states that there have been
  Revision freed_;
  std::vector<Waiter> waiters_;
};

}  // namespace keel::node
