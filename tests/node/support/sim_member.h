// One simulated member: a disk that survives, and a process on it that comes and goes.
//
// A process is four roles, a transport and a Node. Kill ends it as a power cut does: what was
// posted never runs, callbacks are never called, and the disk keeps what its seed lets it. One
// thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

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
  // Asks it to stop and runs the world until it has.
  Status StopCleanly();

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

 private:
  void EndRoles();

  const Options options_;
  SimClock clock_;
  Prng prng_;
  simfs::SimulatedFileSystem files_;
  SimStates states_;
  NodeId id_;
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
