// Feeds the apply role: committed entries in, what they came to out, and the leases beside them.
//
// What has queued while a batch was applied becomes the next one, within a bound in bytes. Owns the
// StateMachine and the LeaseKeeper. Public methods belong to the node role and only post; callbacks
// run on the node role. A failure is reported once, and nothing is applied after it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "server/node/lease_keeper.h"
#include "server/node/roles.h"
#include "server/node/state_machine.h"

namespace keel::node {

class ApplyLoop {
 public:
  struct Options {
    Roles roles;
    const Clock* clock = nullptr;
    size_t batch_bytes_max = size_t{4} << 20;
    uint64_t lease_tick_ms = 500;
    std::function<void(AppliedBatch)> on_applied;
    std::function<void(Status)> on_failed;
    std::function<void(kv::Command, ProposalDone)> propose_here;
  };
  explicit ApplyLoop(Options options);

  // Before anything else, and once: opens the state on `engine`.
  Status Open(StateMachine::Options options, std::unique_ptr<kv::Engine> engine);

  void Apply(std::vector<raft::Entry> entries);
  // `done` gets the membership that the new state holds.
  void Install(std::unique_ptr<kv::Engine> engine, Once<std::string> done);
  void SetLeaderTerm(Term term);
  void Renew(kv::LeaseId id, RenewalDone done);
  void RemainingS(kv::LeaseId id, Once<std::optional<int64_t>> done);
  // Makes what was applied durable, on the pool.
  void Sync();
  // Makes the state durable; behind it, nothing is applied.
  void Close(Once<Status> done);
  // Runs `task` on the apply role, for reads of what belongs to it.
  void Run(Once<const StateMachine&> task);

  // Any thread: its view, hub and durable().
  [[nodiscard]] StateMachine& machine() { return *machine_; }
  [[nodiscard]] const StateMachine& machine() const { return *machine_; }

 private:
  void Drain();
  void OnFailure(const Status& status);

  const Options options_;
  std::unique_ptr<StateMachine> machine_;
  LeaseKeeper leases_;
  std::deque<raft::Entry> queue_;
  bool scheduled_ = false;
  bool ended_ = false;
};

}  // namespace keel::node
