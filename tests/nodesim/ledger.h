// Tells the rules of raft/invariants.h what happens to whole nodes, and notes which phases they are
// in.
//
// The rules want to know what a member's disk really holds. A node says how far its log is durable;
// what a crash let through beyond that shows at the next start, by comparing what was on its way
// with what was found. Told by the seams of each node and by the network's tap. One thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <span>

#include "raft/invariants.h"
#include "tests/node/support/sim_member.h"
#include "tests/sim/phases.h"
#include "tests/sim/trace.h"

namespace keel::nodesim {

class Ledger {
 public:
  struct Options {
    node_test::World* world = nullptr;
    raft::ClusterChecker* checker = nullptr;
    sim::PhaseTracker* phases = nullptr;
    sim::TraceHash* trace = nullptr;
    sim::Story* story = nullptr;  // may be null
    // Sees what each step says.
    std::function<void(const raft::Output&)> on_output;
    // Runs something outside of all tasks, soon.
    std::function<void(std::function<void()>)> later;
  };
  explicit Ledger(Options options) : options_(std::move(options)) {}

  void AddSeams(node_test::SimMember* member, node::Node::Seams* seams);
  void OnOpened(node_test::SimMember* member);
  void OnEnded(NodeId member);
  // Its log was tampered with while it was down: it may find that it lost some of it.
  void OnTampered(NodeId member) { books_[member].tampered = true; }

 private:
  struct Book {
    uint64_t key = 0;                   // of its phases
    std::deque<raft::Persist> written;  // on their way to the disk, oldest first
    raft::Role role = raft::Role::kFollower;
    Index base;
    Index catches_up_to;
    bool catching_up = false;
    bool repairing = false;
    bool tampered = false;
    std::map<NodeId, uint64_t> streams;  // the phase's key of each snapshot being sent
  };

  void OnInputs(const raft::Raft& core, std::span<const raft::Input> inputs);
  void OnStep(node_test::SimMember* member, const raft::Raft& core, const raft::Output& out);
  void OnPersisted(const raft::Raft& core, raft::PersistId id);
  void FindWhatSurvived(Book* book, const raft::Raft& core);
  void WatchPhases(node_test::SimMember* member, const raft::Raft& core, const raft::Output& out);
  void WatchStreams(Book* book, const raft::Output& out);
  void EndStream(Book* book, NodeId peer);

  const Options options_;
  std::map<NodeId, Book> books_;
};

}  // namespace keel::nodesim
