// One simulated member: a disk that survives, and a process on it that comes and goes.
//
// A process is four roles, a transport and a Node. Kill ends it as a power cut does: what was
// posted never runs, callbacks are never called, and the disk keeps what its seed lets it. One
// thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/node/level_states.h"
#include "server/node/node.h"
#include "tests/node/support/network.h"
#include "tests/node/support/sim_states.h"
#include "tests/node/support/world.h"
#include "tests/simfs/simulated_file_system.h"

namespace keel::node_test {

class SimMember {
 public:
  struct Options {
    World* world = nullptr;
    Network* network = nullptr;
    uint64_t number = 1;  // tells members of one world apart
    uint64_t wall_ahead_us = 0;
    node::NodeOptions node;
    // LevelDB on the simulated disk, which does in the writer's thread what it does on its own;
    // else engines in memory.
    bool level_engine = false;
    // May add to the seams of each start.
    std::function<void(SimMember*, node::Node::Seams*)> on_seams;
    // What it is has been read back, and it does not run yet.
    std::function<void(SimMember*)> on_opened;
  };
  explicit SimMember(Options options);
  ~SimMember();

  // The directory is made, with an id of its own, if there is none.
  [[nodiscard]] Result<std::unique_ptr<node::MemberFiles>> OpenFiles();
  // Makes the directory and writes down the initial config, as a finished bootstrap would have.
  Status Install(const raft::Config& config, const node::Membership& membership);
  // It belongs to a cluster that it has yet to hear of.
  Status InstallAsJoiner();

  Status Start();
  // The power goes, for it alone.
  void Kill();
  // The same, with the loss that is given.
  void KillWith(const simfs::Loss& loss);
  // The process dies, and the machine goes on: all that was written is there.
  void KillProcess() { KillWith({.mode = simfs::LossMode::kNothing}); }
  // Any of the ways in which this disk can lose what it has not synced.
  [[nodiscard]] simfs::Loss AnyLossNow();
  // Asks it to stop and runs the world until it has.
  Status StopCleanly();
  // The same in two steps: asks it to stop, and once HasStopped ends its process.
  void BeginStop();
  [[nodiscard]] bool HasStopped() const { return has_stopped_; }
  void EndStopped();

  [[nodiscard]] bool IsUp() const { return node_ != nullptr; }
  [[nodiscard]] node::Node& node() { return *node_; }
  [[nodiscard]] NodeId id() const { return id_; }
  [[nodiscard]] simfs::SimulatedFileSystem& files() { return files_; }
  [[nodiscard]] SimStates& states() { return states_; }
  [[nodiscard]] uint64_t starts() const { return starts_; }
  [[nodiscard]] const Status& failure() const { return failure_; }
  [[nodiscard]] const std::vector<raft::Notice>& notices() const { return notices_; }
  // A stalled disk: the WAL role stands still.
  void SetDiskStalled(bool stalled) { wal_role_->SetStalled(stalled); }
  void SetApplyStalled(bool stalled) { apply_role_->SetStalled(stalled); }
  // Each task of the disk takes so long.
  void SetDiskPace(SimExecutor::Pace pace) { wal_role_->SetPace(pace); }
  // The process stands still, whole; its clocks go on.
  void SetPaused(bool paused);
  [[nodiscard]] bool is_paused() const { return is_paused_; }
  [[nodiscard]] SimClock& clock() { return clock_; }
  // Runs behind all that the WAL role has been given so far. Requires IsUp().
  void AfterDisk(Task task);
  // The state is gone, whole, as if an operator had removed it. Not while it is up.
  Status LoseState();

 private:
  [[nodiscard]] Status OpenNode();
  void EndRoles();

  const Options options_;
  SimClock clock_;
  Prng prng_;
  simfs::SimulatedFileSystem files_;
  SimStates states_;
  std::unique_ptr<node::LevelStates> level_states_;
  NodeId id_;
  bool is_paused_ = false;
  bool has_stopped_ = false;
  Status stopped_with_;
  uint64_t starts_ = 0;
  Status failure_;
  std::vector<raft::Notice> notices_;

  std::unique_ptr<SimExecutor> node_role_;
  std::unique_ptr<SimExecutor> wal_role_;
  std::unique_ptr<SimExecutor> apply_role_;
  std::unique_ptr<SimExecutor> pool_role_;
  std::unique_ptr<SimTransport> transport_;
  std::unique_ptr<node::Node> node_;
};

}  // namespace keel::node_test
