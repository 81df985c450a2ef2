// One seed's cluster, all that watches it, and all who use it.
//
// The stage starts and ends processes and tells everybody who must know; what goes wrong and when
// is the nemesis's business, what is right or wrong the checker's. A member that fails, or that the
// cluster has removed, is dealt with as an operator would. One thread; stages share nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/nodesim/archive_judge.h"
#include "tests/nodesim/bank.h"
#include "tests/nodesim/clients.h"
#include "tests/nodesim/depot.h"
#include "tests/nodesim/desk.h"
#include "tests/nodesim/followers.h"
#include "tests/nodesim/leases.h"
#include "tests/nodesim/ledger.h"
#include "tests/nodesim/profile.h"
#include "tests/nodesim/sessions.h"
#include "tests/nodesim/timeline.h"

namespace keel::nodesim {

using node_test::SimMember;

class StageListener : public sim::PhaseListener {
 public:
  virtual void OnOutput(const raft::Output& out) = 0;
};

class Stage final : private sim::PhaseListener {
 public:
  // `story` may be null; both outlive the stage.
  Stage(const NodeProfile& profile, sim::Story* story);

  void SetListener(StageListener* listener) { listener_ = listener; }
  void StartClients();
  // False if a rule is broken.
  bool RunFor(uint64_t duration_us);
  // Runs until `holds`, for so long at most. False if it never did, or if a rule is broken.
  bool RunUntil(const std::function<bool()>& holds, uint64_t patience_us);

  // ---- members ----
  struct Place {
    SimMember* member = nullptr;
    bool is_retired = false;    // removed for ever
    bool is_starting = false;   // down, and to be started in a while
    bool is_stopping = false;   // asked to stop
    bool may_fail = false;      // its disk was made to fail: it is to stop, or may
    bool is_unwhole = false;    // its disk lost something, or is about to
    uint64_t whole_starts = 0;  // … since the start of this number
    uint64_t restart_us = 0;    // after a failure
  };
  [[nodiscard]] std::vector<Place>& places() { return places_; }
  [[nodiscard]] Place& PlaceOf(NodeId id);
  Place& AddJoiner();
  // Its disk loses something once it is down; then it is to be repaired.
  void SetUnwhole(Place& place) {
    place.is_unwhole = true;
    place.whole_starts = place.member->starts();
  }
  void Kill(Place& place, const simfs::Loss& loss);
  // Asks it to stop; then `stopped`, once its process has ended.
  void Stop(Place& place, std::function<void()> stopped);
  // Now, or as soon as its disk lets it.
  void Start(Place& place);
  void StartLater(Place& place, uint64_t delay_us);
  // Ends for good what the cluster has removed, and what may never have heard of it.
  void RetireRemoved();
  // Whoever leads in the newest term and runs; null if nobody does.
  [[nodiscard]] Place* Leader();
  // A leader that has committed in its term.
  [[nodiscard]] Place* WorkingLeader();

  [[nodiscard]] const NodeProfile& profile() const { return profile_; }
  [[nodiscard]] node_test::SimCluster& cluster() { return cluster_; }
  [[nodiscard]] Timeline& timeline() { return timeline_; }
  [[nodiscard]] raft::ClusterChecker& checker() { return checker_; }
  [[nodiscard]] sim::PhaseTracker& phases() { return phases_; }
  [[nodiscard]] sim::TraceHash& trace() { return trace_; }
  [[nodiscard]] Ledger& ledger() { return ledger_; }
  [[nodiscard]] Chronicle& chronicle() { return chronicle_; }
  [[nodiscard]] Desk& desk() { return desk_; }
  [[nodiscard]] Leases& leases() { return leases_; }
  [[nodiscard]] Sessions& sessions() { return sessions_; }
  [[nodiscard]] Followers& followers() { return followers_; }
  [[nodiscard]] Depot& depot() { return depot_; }
  [[nodiscard]] ArchiveJudge& archive_judge() { return archive_judge_; }
  [[nodiscard]] uint64_t now_us() { return cluster_.world().now_us(); }
  void Tell(const std::string& line);

 private:
  void OnPhaseBegun(sim::Phase phase) override;
  void OnEnded(Place& place);
  void AwaitStop(Place& place, std::function<void()> stopped, uint64_t deadline_us);
  void LookAfterMembers();
  void LookAfter(Place& place);
  void JudgeArchive();
  [[nodiscard]] node_test::SimCluster::Options ClusterOptions();

  const NodeProfile profile_;
  sim::Story* const story_;
  StageListener* listener_ = nullptr;
  node_test::SimCluster cluster_;
  Timeline timeline_;
  raft::ClusterChecker checker_;
  sim::PhaseTracker phases_;
  sim::TraceHash trace_;
  Ledger ledger_;
  Chronicle chronicle_;
  Desk desk_;
  Clients clients_;
  Bank bank_;
  Sessions sessions_;
  Leases leases_;
  Followers followers_;
  ArchiveJudge archive_judge_;
  Depot depot_;  // goes before the members that it stands beside
  std::vector<Place> places_;
};

}  // namespace keel::nodesim
