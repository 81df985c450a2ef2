// The archive of a simulated cluster: a disk that all members have mounted, and beside each
// member's process an archiver.
//
// The disk is a machine of its own: a member that dies leaves there what it wrote, synced or not,
// and it may lose power itself. It can be slow, full, or fail; a leader can be made to die between
// two of its operations. Keeps what must hold at all times: what was ever told to be archived,
// given up or based. One thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "raft/invariants.h"
#include "server/archive/archive_source.h"
#include "server/archive/archiver.h"
#include "tests/node/support/sim_member.h"
#include "tests/nodesim/profile.h"
#include "tests/nodesim/timeline.h"
#include "tests/sim/phases.h"

namespace keel::nodesim {

class Depot {
 public:
  static constexpr uint64_t kCluster = 7;
  // The operator's, and what members make in it.
  static constexpr std::string_view kMount = "/mount";
  static constexpr std::string_view kDirectory = "/mount/7";

  struct Options {
    node_test::World* world = nullptr;
    Timeline* timeline = nullptr;
    sim::PhaseTracker* phases = nullptr;
    ArchiveProfile profile;
    uint64_t seed = 0;
    std::function<void(const std::string& line)> tell;
  };
  explicit Depot(Options options);
  ~Depot();

  // ---- processes ----
  void OnOpened(node_test::SimMember* member);
  // Before its roles end: what the archiver holds is theirs.
  void OnEnding(NodeId member);

  // ---- what goes wrong ----
  void SetSlow(bool slow);
  void SetFull(bool full);
  // Of so many operations in a thousand.
  void SetErrors(uint32_t per_mille);
  void LosePower();
  // Before one of the next operations of `member` on the archive, `dies` is told, once; whatever it
  // asks for from then on fails.
  void KillWithin(NodeId member, std::function<void()> dies);
  // Who has not died so far does not.
  void SpareAll();
  void SetPaused(NodeId member, bool paused);

  // ---- what is known ----
  [[nodiscard]] bool is_on() const { return options_.profile.is_on; }
  [[nodiscard]] const ArchiveProfile& profile() const { return options_.profile; }
  [[nodiscard]] const simfs::SimulatedFileSystem& disk() const { return disk_; }
  [[nodiscard]] Prng& prng() { return prng_; }
  // The counts of the member that leads; none if it has no process.
  [[nodiscard]] std::optional<server::ArchiveCounts> CountsOf(NodeId member) const;
  // Up to where the members' log may have gone for the archive's sake.
  [[nodiscard]] Index marked();
  // Bases that a leader has called done, and the greatest wall time that one has had.
  [[nodiscard]] const std::set<Index>& bases() const { return bases_; }
  [[nodiscard]] uint64_t wall_ms_max() const { return wall_ms_max_; }

 private:
  struct Process;

  [[nodiscard]] simfs::Fault OnOperation(const simfs::Operation& operation);
  [[nodiscard]] Process* Current();
  void OnLine(const std::string& line);
  void Watch();
  void WatchHandOver(NodeId id, Process* process);
  [[nodiscard]] server::Archiver::Options ArchiverOptions(NodeId member) const;

  const Options options_;
  Prng prng_;
  simfs::SimulatedFileSystem disk_;
  std::map<NodeId, std::unique_ptr<Process>> processes_;
  uint32_t errors_per_mille_ = 0;
  bool is_slow_ = false;
  Index marked_;
  std::set<Index> bases_;
  uint64_t wall_ms_max_ = 0;
};

}  // namespace keel::nodesim
