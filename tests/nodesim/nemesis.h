// What goes wrong in a cluster of whole nodes: starts faults, several at once, and ends them again.
//
// As tests/sim/nemesis.h, one floor higher: half of its acts follow the seed's aims (a fault in the
// middle of a phase, which it brings about if need be), half are random. It never breaks more than
// the cluster promises to bear: disks lose what they had promised to keep on a minority of the
// voters only, and no voter leaves while another is not whole. It acts between the world's tasks.
// One thread.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "tests/nodesim/chart.h"
#include "tests/nodesim/stage.h"

namespace keel::nodesim {

class Nemesis final : public StageListener {
 public:
  Nemesis(Stage* stage, uint64_t seed);

  void Start();
  // Ends everything at once; nothing starts any more.
  void HealAll();

  [[nodiscard]] const std::array<uint64_t, sim::kFaultKinds>& started() const { return started_; }

  // ---- StageListener ----
  void OnPhaseBegun(sim::Phase phase) override;
  void OnOutput(const raft::Output& out) override;

 private:
  using FaultKind = sim::FaultKind;
  using Place = Stage::Place;
  struct Active {
    uint64_t id = 0;
    FaultKind kind = FaultKind::kLoss;
    std::function<void()> undo;
  };

  // ---- nemesis.cc ----
  void Act();
  bool Try(FaultKind kind);
  bool TryDisk(FaultKind kind);
  bool TryOperator(FaultKind kind);
  void Begin(FaultKind kind, std::function<void()> undo);
  void End(uint64_t id);
  void Count(FaultKind kind);
  void FollowAim();
  void Strike();
  void NextAim();
  void Provoke(const sim::Cell& aim);
  void LeaveOneBehind();
  [[nodiscard]] uint64_t Duration();
  [[nodiscard]] Place* PickUp();
  [[nodiscard]] bool IsActive(FaultKind kind) const;

  // ---- nemesis_network.cc ----
  bool StartWeather(FaultKind kind);
  void CutBetween(FaultKind kind, std::span<const NodeId> one, std::span<const NodeId> other);
  bool StartSplit(FaultKind kind);
  bool StartBridge();
  bool StartReset();
  [[nodiscard]] std::vector<NodeId> Shuffled();

  // ---- nemesis_members.cc ----
  bool StartCrash(FaultKind kind);
  bool StartStop();
  bool StartOutage();
  bool StartSlowDisk();
  bool StartStalledDisk();
  bool StartFullDisk();
  bool StartBrokenSync();
  bool StartDamage();
  bool StartLostState();
  bool StartSkew();
  bool StartPause();
  void FlipBits(Place& place);
  [[nodiscard]] bool MayLoseDisk(const Place& place);

  // ---- nemesis_archive.cc ----
  bool StartArchiveFault(FaultKind kind);
  bool StartArchiveDeath();
  void ProvokeGap();
  void LoseArchivePower();

  // ---- nemesis_operator.cc ----
  bool StartTransfer();
  bool StartAdd();
  bool StartAlter();
  bool StartRemove(bool leader);
  bool StartReplace();
  bool StartSettings();
  bool StartCompact();
  bool Ask(FaultKind kind, std::vector<raft::ConfigOp> ops);
  [[nodiscard]] Place* Spare();
  [[nodiscard]] bool MayLoseVoter(const raft::Config& config);
  [[nodiscard]] bool EverybodyIsWhole();
  [[nodiscard]] NodeId PickMember(const raft::Config& config, bool voters, NodeId besides);

  Stage* const stage_;
  Prng prng_;
  const std::vector<sim::Cell> aims_;
  size_t aim_ = 0;
  uint64_t aim_since_us_ = 0;
  bool strikes_ = false;
  bool is_over_ = false;
  std::vector<Active> active_;
  uint64_t last_id_ = 0;
  std::optional<FaultKind> asked_;  // a change of members, of which the leader has not yet spoken
  std::vector<NodeId> spares_;
  std::array<uint64_t, sim::kFaultKinds> started_{};
};

}  // namespace keel::nodesim
