#include "server/node/compaction.h"

#include <algorithm>

#include "kv/mvcc/compactor.h"

namespace keel::node {

void CompactionLoop::Advance(StateMachine* machine) {
  if (running_ || stopped_) return;
  const Revision target = machine->view()->compacted();
  if (target <= freed_) return OnFreed(freed_);
  running_ = true;
  StepLater({.machine = machine, .target = target, .state = state_}, 0);
}

void CompactionLoop::StepLater(const Walk& walk, uint64_t pause_us) {
  auto step = [this, walk] {
    if (stopped_) return;
    const Result<bool> finished = walk.machine->Compact(walk.target, kv::Compactor::kStepRecords);
    if (!finished.ok()) {
      const Status failure = finished.status();
      return options_.roles.node->Post([this, failure] { options_.on_failed(failure); });
    }
    if (!*finished) return StepLater(walk, kv::Compactor::kPauseUs);
    options_.roles.node->Post([this, walk] { OnWalked(walk); });
  };
  if (pause_us == 0) return options_.roles.pool->Post(std::move(step));
  options_.roles.pool->PostAfter(pause_us, std::move(step));
}

void CompactionLoop::OnWalked(const Walk& walk) {
  running_ = false;
  // Some of its steps may have been in a state that is gone.
  if (walk.state != state_) return Advance(walk.machine);
  freed_ = walk.target;
  OnFreed(freed_);
}

void CompactionLoop::OnFreed(Revision target) {
  if (waiters_.empty()) return;
  std::vector<Waiter> waiting;
  waiting.swap(waiters_);
  for (Waiter& waiter : waiting) {
    if (waiter.target <= target) {
      std::move(waiter.done)(Status());
    } else {
      waiters_.push_back(std::move(waiter));
    }
  }
}

void CompactionLoop::Await(StateMachine* machine, Once<Status> done) {
  if (stopped_) return std::move(done)(Unavailable("the node stops"));
  waiters_.push_back({machine->view()->compacted(), std::move(done)});
  Advance(machine);
}

void CompactionLoop::Shutdown() {
  stopped_ = true;
  std::vector<Waiter> waiting;
  waiting.swap(waiters_);
  for (Waiter& waiter : waiting) std::move(waiter.done)(Unavailable("the node stops"));
}

}  // namespace keel::node
