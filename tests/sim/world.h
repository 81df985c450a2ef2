// One seed's world: hosts, network, clients, clock, rules, and the loop that makes time pass.
//
// The world owns everything and only passes things on: what happens to it is the nemesis's and the
// finale's business, what is right or wrong the checker's. One thread; worlds share nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "raft/invariants.h"
#include "tests/sim/clients.h"
#include "tests/sim/host.h"
#include "tests/sim/network.h"
#include "tests/sim/phases.h"
#include "tests/sim/profile.h"
#include "tests/sim/trace.h"

namespace keel::sim {

class World;

// What acts upon a world from outside.
class Actor {
 public:
  virtual ~Actor() = default;
  virtual void OnPhaseBegun(Phase phase) = 0;
  virtual void OnChanged(const raft::ConfigChangeResult& result) = 0;
  virtual void OnTransferred(NodeId leader, const raft::TransferResult& result) = 0;
  // kNemesis, kStrike, kFaultEnds, kWatch.
  virtual void OnActorEvent(const Event& event) = 0;
};

class World final : public Answers, public PhaseListener {
 public:
  // `story` may be null. Both outlive the world.
  World(const Profile& profile, Story* story);

  void SetActor(Actor* actor) { actor_ = actor; }
  // Runs until `until`, or until a rule is broken. False in the latter case.
  bool RunUntil(Micros until);
  void StartClients();
  void StopClients() { clients_run_ = false; }

  // Adds a host that knows nothing, and starts it.
  Host& AddJoiner();

  [[nodiscard]] Micros now() const { return around_.now; }
  [[nodiscard]] const Profile& profile() const { return profile_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Host>>& hosts() const { return hosts_; }
  [[nodiscard]] Host& HostAt(Slot slot) { return *hosts_[slot]; }
  [[nodiscard]] Host& HostOf(NodeId id) { return *hosts_[id.value() - 1]; }
  [[nodiscard]] Network& network() { return network_; }
  [[nodiscard]] Clients& clients() { return clients_; }
  [[nodiscard]] PhaseTracker& phases() { return phases_; }
  [[nodiscard]] raft::ClusterChecker& checker() { return checker_; }
  [[nodiscard]] uint64_t trace_hash() const { return trace_.value(); }
  // The reachable leader of the newest term, or null.
  [[nodiscard]] Host* Leader();
  void Schedule(EventKind kind, Micros delay, uint64_t argument = 0);
  void Tell(const std::string& line);

  // ---- Answers ----
  void OnWritten(OpId op, Index index, const KvState::Result& result) override;
  void OnWriteRefused(OpId op) override;
  void OnWriteUnknown(OpId op) override;
  void OnRead(OpId op, Index state_index, const KvState::Cell& cell) override;
  void OnReadRefused(OpId op) override;
  void OnApplied(NodeId replica, const raft::Entry& entry, const KvState& state) override;
  void OnChanged(const raft::ConfigChangeResult& result) override;
  void OnTransferred(NodeId leader, const raft::TransferResult& result) override;
  // ---- PhaseListener ----
  void OnPhaseBegun(Phase phase) override;

 private:
  Host& AddHost(raft::SnapshotMeta base);
  void Dispatch(const Event& event);

  const Profile profile_;
  Story* story_;
  Prng prng_;
  EventQueue queue_;
  Network network_;
  raft::ClusterChecker checker_;
  PhaseTracker phases_;
  TraceHash trace_;
  Surroundings around_;
  std::vector<std::unique_ptr<Host>> hosts_;
  Clients clients_;
  bool clients_run_ = false;
  Actor* actor_ = nullptr;
  std::vector<uint64_t> state_hashes_;  // by index: what the first replica to get there had
};

}  // namespace keel::sim
