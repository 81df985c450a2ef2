// The rules of Raft as code, checked from outside after every step, over all cores of a cluster.
//
// A test or simulation tells the checker what really happens, in the order in which it happens:
// what each member's disk really holds, what reaches a core, what a step gives, what leaves. The
// checker keeps a shadow of each member (its log as a chain of hashes, its disk, its ballots, what
// its peers have told it) and compares. A rule that does not hold becomes a Violation, never an
// abort, so that a simulation can report it with its seed and a hunt for mutants can count it.
//
// Every rule costs O(1) for each step and entry; nothing is recomputed. It owns its shadows and
// borrows cores only for the length of a call. One thread at a time.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "raft/chain_log.h"
#include "raft/io.h"
#include "raft/raft.h"

namespace keel::raft {

struct Violation {
  std::string_view rule;  // a short name, the same for every breach of one rule
  NodeId node;
  std::string what;
};

class ClusterChecker {
 public:
  // ---- a member's disk: what is really on it from now on ----
  void OnDurable(NodeId node, const Persist& done);  // this write has completed, or a part of one
  void OnDiskCut(NodeId node, Index from);           // damage: the log is gone from `from` on
  void OnDiskWiped(NodeId node);                     // everything is gone, the vote too
  // The log was thrown away and begins behind a state that reaches up to `base`.
  void OnDiskReplaced(NodeId node, Position base);

  // ---- a member's core ----
  void OnStart(const Raft& core);
  void OnStop(NodeId node);
  // When the driver makes it: after the step before, and before the one that takes it.
  void OnInput(const Raft& core, const Input& input);
  void OnStep(const Raft& core, const Output& out);
  // When it really leaves the member: at once, or after its persist.
  void OnSend(const Message& message);

  // ---- findings ----
  [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }
  [[nodiscard]] bool IsClean() const { return violations_.empty(); }
  // The longest prefix that any core has called committed.
  [[nodiscard]] Index committed() const { return committed_.last(); }
  // For rules that only the driver can judge: histories, replicas, liveness.
  void Report(std::string_view rule, NodeId node, std::string what);

 private:
  // What a leader may know of a peer, by what was delivered to it.
  struct Shadow {
    NodeId id;
    BootId boot;
    bool is_whole = true;
    Index match;
    bool is_heard = false;
    Instant heard_at;
  };

  struct Campaign {
    bool pre = false;
    Term for_term;
    uint64_t round = 0;
    std::vector<NodeId> granted_by;
  };

  struct AskedRead {
    uint64_t sequence = 0;
    Index floor;  // what was committed anywhere when it was asked
  };

  struct Node {
    NodeId id;
    bool is_up = false;
    // The disk.
    ChainLog disk;
    Vote disk_vote;
    bool is_wiped = false;  // under this id it once held something
    // The core, as of its last step.
    ChainLog log;
    ConfigHistory configs;
    Role role = Role::kFollower;
    Vote vote;
    Index commit;
    Index delivered;
    Index applied;
    size_t unapplied_bytes = 0;
    Campaign campaign;
    // In the step under way.
    bool told_to_campaign = false;
    size_t inputs = 0;
    Instant now;
    bool is_asked_unforced = false;  // for a vote, and nobody who leads wants it so
    // Whom it follows, and when it last heard from there.
    NodeId leader;
    NodeId heard_from;
    Term heard_in;
    Instant heard_at;
    std::vector<NodeId> lost;     // in this step, with refused reconnects
    bool leader_is_gone = false;  // its process: stickiness is over
    // Since the start.
    std::deque<AskedRead> reads;
    // For ever.
    std::vector<Vote> promised;  // votes that have left, by term
    Position acknowledged;       // in this term, up to here
    // While it leads.
    Index commit_at_broadcast;
    std::vector<Shadow> peers;
  };

  Node& Find(NodeId id);
  Shadow& FindShadow(Node& leader, NodeId peer);
  // The chain at a place that only a snapshot or a compaction names.
  ChainLog::Link LinkAt(Position position);

  // ---- invariants_log.cc ----
  void MirrorLog(Node& node, const Raft& core, const Persist& persist);
  void MirrorSnapshot(Node& node, const Raft& core, const Persist& persist);
  void CheckCut(const Node& node, const Raft& core, Index from);
  void CheckAppended(const Node& node, Index index);
  void CheckCommit(Node& node, const Raft& core);
  void CheckApply(Node& node, const Raft& core, const Output& out);
  void CheckDurability(const Node& node, const Raft& core);
  void CheckReads(Node& node, const Raft& core, const Output& out);

  // ---- invariants_election.cc ----
  void CheckVote(const Node& node, const Raft& core);
  void CheckRole(Node& node, const Raft& core);
  void CheckBecameCandidate(const Node& node, const Raft& core);
  void CheckBecameLeader(Node& node, const Raft& core);
  [[nodiscard]] bool HasWon(const Node& node, const Config& config, bool counts_self) const;
  void FollowCampaign(Node& node, const Raft& core, const Output& out);
  void CheckFitness(const Raft& core, const Output& out);
  void HearLeader(Node& node, const Input& input);
  void CheckStickiness(Node& node, const Raft& core, const Output& out);
  void CheckVoteSent(Node& node, Term for_term, NodeId candidate);

  // ---- invariants_leader.cc ----
  void HearReply(Node& node, const Raft& core, const Input& input);
  void CheckLeaderCommit(Node& node, const Raft& core);
  [[nodiscard]] Index MajorityTruth(const Node& node, const Config& config) const;
  void CheckPeers(Node& node, const Raft& core);
  void CheckResigned(const Node& node, const Raft& core);
  void CheckBounds(const Node& node, const Raft& core, const Output& out);
  void CheckApplyBounds(const Node& node, const Raft& core, const Output& out);
  void CheckAppendSent(const Node& node, const Message& message, const AppendRequest& append);
  void CheckAckSent(Node& node, const Message& message, const AppendReply& reply);

  // ---- invariants_config.cc ----
  void MirrorConfig(Node& node, const Raft& core, const Entry& entry);
  void CheckSuccession(const Node& node, const Config& before, const Config& after);
  void CheckChangedByLeader(Node& node, const Raft& core, const Config& after);

  std::deque<Node> nodes_;  // few; in the order in which they appeared
  std::map<Term, NodeId> leaders_;
  // Of each index, the first entry that any log held there; other terms' entries beside it.
  std::vector<ChainLog::Link> first_seen_;
  std::map<Position, uint64_t, bool (*)(const Position&, const Position&)> also_seen_{
      [](const Position& a, const Position& b) {
        return a.index != b.index ? a.index < b.index : a.term < b.term;
      }};
  ChainLog committed_;
  std::vector<Term> committed_in_;  // … by a core of this term, for each index behind the base
  Index config_before_step_;
  std::shared_ptr<const Config> config_before_;
  std::vector<Violation> violations_;
};

}  // namespace keel::raft
