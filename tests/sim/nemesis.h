// What goes wrong: starts faults, several at once, and ends them again.
//
// Half of its acts follow the seed's aims (a fault in the middle of a phase, which it brings about
// if need be), half are random. It never breaks more than the cluster promises to bear: disks lose
// data on a minority of the voters only, and no voter leaves while another is not whole; all else
// is allowed. It plays the operator, too, who replaces members that lost their disks. One thread.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "base/prng.h"
#include "tests/sim/cells.h"
#include "tests/sim/world.h"

namespace keel::sim {

class Nemesis {
 public:
  Nemesis(World* world, Prng prng, std::vector<Cell> aims);

  // One act. Returns when the next one is due.
  Micros Act();
  void Strike();
  void OnFaultEnds(uint64_t id);
  void OnPhaseBegun(Phase phase);
  void OnChanged(const raft::ConfigChangeResult& result);
  void OnTransferred(const raft::TransferResult& result);

  // Ends everything at once; nothing starts any more but what the operator must do.
  void HealAll();
  // Asks the leader to replace the voters that came back with empty disks. False if none is left.
  bool ReplaceWiped();

  [[nodiscard]] const std::array<uint64_t, kFaultKinds>& started() const { return started_; }
  // Something that the watchdog must look at again has changed.
  [[nodiscard]] uint64_t change_count() const { return change_count_; }

 private:
  struct Active {
    uint64_t id = 0;
    FaultKind kind = FaultKind::kLoss;
    std::function<void()> undo;
  };

  // ---- nemesis.cc ----
  bool Start(FaultKind kind);
  void Begin(FaultKind kind, Micros lasts, std::function<void()> undo);
  void Count(FaultKind kind);
  void FollowAim();
  void Provoke(Phase phase);
  void NextAim();
  [[nodiscard]] Micros Duration();
  [[nodiscard]] FaultKind PickLasting();

  // ---- nemesis_network.cc ----
  bool StartWeather(WeatherKind kind, FaultKind fault);
  bool StartCut();
  bool StartOneWay();
  bool StartBridge();
  bool StartReset();
  void CutBetween(SlotSet a, SlotSet b, std::vector<std::pair<Slot, Slot>>* cuts);
  void BeginCuts(FaultKind kind, std::vector<std::pair<Slot, Slot>> cuts);

  // ---- nemesis_hosts.cc ----
  bool StartCrash();
  bool StartKill();
  bool StartSlowDisk();
  bool StartStalledDisk();
  bool StartDamage();
  bool StartLostState();
  bool StartWipe();
  bool StartSkew();
  bool StartPause();
  bool StartCompact();
  void TakeDown(Host& host, FaultKind kind, Micros lasts);
  void CrashAgain(NodeId id, uint64_t times);
  [[nodiscard]] Host* PickUp();
  [[nodiscard]] Host* PickVoter();
  [[nodiscard]] bool MayLoseDisk(const Host& host);
  [[nodiscard]] bool IsSettled();
  [[nodiscard]] size_t UnwholeVoters(const raft::Config& config);

  // ---- nemesis_members.cc ----
  bool StartTransfer();
  bool StartAdd();
  bool StartAlter();
  bool StartRemove(bool leader);
  bool StartReplace();
  bool StartSettings();
  bool Ask(FaultKind kind, std::vector<raft::ConfigOp> ops);
  [[nodiscard]] Host* Spare();
  [[nodiscard]] bool MayLoseVoter(const raft::Config& config);
  [[nodiscard]] NodeId PickMember(const raft::Config& config, bool voters, NodeId besides);

  World* world_;
  Prng prng_;
  std::vector<Cell> aims_;
  size_t aim_ = 0;
  Micros aim_since_ = 0;
  bool strikes_ = false;  // the aim's phase has begun and the strike is on its way
  bool is_over_ = false;
  std::vector<Active> active_;
  uint64_t last_id_ = 0;
  std::vector<FaultKind> changes_;  // what was asked, by the change's number from 1
  bool accepted_ = false;           // what was asked last
  std::vector<Slot> spares_;
  std::array<uint64_t, kFaultKinds> started_{};
  uint64_t change_count_ = 0;
};

}  // namespace keel::sim
