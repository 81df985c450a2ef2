// What must hold of a whole cluster after every step, whatever happened to it.
//
// Three kinds: what one core says must agree with its own disk; what a leader counts must be on its
// peers' disks; and what was committed must stay, in the same place, for ever. They look at the
// very disks and states of the test cluster; the rules of raft/invariants.h, which run here too,
// keep books of their own, so that the two can catch each other's mistakes. Knows nothing of how
// the cluster is driven.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "raft/invariants.h"
#include "tests/support/node.h"

namespace keel::raft {

class Checks {
 public:
  // After `member`'s core took a step.
  void AfterStep(const Node& node, const std::map<NodeId, Node>& all);
  // After a write of this disk has completed, and before a restart.
  void OfDisk(const Node& node);
  // Before `entry` is applied by `member`.
  void BeforeApply(const Node& node, const Entry& entry);
  // What the core says of a snapshot must be what the state has seen.
  void OfSnapshot(const Node& node, const SnapshotMeta& meta);
  void OfRead(NodeId asked_at, Index must_see, Index answered);
  // The member starts anew: nothing that it said in memory binds it any more.
  void AfterStart(const Node& node);

  // The rules of raft/invariants.h, to be told what happens as it happens.
  [[nodiscard]] ClusterChecker& rules() { return rules_; }
  // Takes over what the rules have found since the last call.
  void CollectFindings();

  void Report(std::string violation);
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  // The newest position that some leader has committed.
  [[nodiscard]] Position committed() const { return committed_; }
  // The newest index that anybody has applied.
  [[nodiscard]] Index applied() const { return applied_; }

 private:
  void CheckLeadership(const Node& node, const std::map<NodeId, Node>& all);
  void CheckCommit(const Node& node, const std::map<NodeId, Node>& all);
  void CheckPeers(const Node& leader, const std::map<NodeId, Node>& all);
  void CheckDurability(const Node& node);

  ClusterChecker rules_;
  size_t findings_taken_ = 0;
  std::map<Term, NodeId> leaders_;
  std::map<Index, Entry> applied_entries_;
  std::map<NodeId, Index> commits_;  // of the present starts
  Position committed_;
  Index applied_;
  std::vector<std::string> violations_;
};

}  // namespace keel::raft
