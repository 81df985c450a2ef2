// Where simulated clients ask the members, and what becomes of it: each request has exactly one
// outcome, or none because its node died.
//
// Clients reach every member that is up. An outcome that comes twice, or from a process that is
// gone, is a finding. What clients do between requests runs on the desk's executor. One thread.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "raft/invariants.h"
#include "tests/node/support/sim_cluster.h"
#include "tests/nodesim/chronicle.h"
#include "tests/nodesim/history.h"
#include "tests/sim/clients.h"

namespace keel::nodesim {

class Desk {
 public:
  struct Options {
    node_test::SimCluster* cluster = nullptr;
    raft::ClusterChecker* checker = nullptr;
    Chronicle* chronicle = nullptr;
    uint64_t seed = 0;
  };
  explicit Desk(const Options& options)
      : options_(options), executor_(&options.cluster->world(), {}), prng_(options.seed) {}

  // Null: the node that was asked died. They run within tasks of its.
  using ProposalEnd = std::function<void(const node::ProposalOutcome*)>;
  using ReadEnd = std::function<void(const node::ReadOutcome*)>;
  using RenewalEnd = std::function<void(const node::LeaseAnswer*)>;
  void Propose(node_test::SimMember* member, kv::Command command, ProposalEnd end);
  void Read(node_test::SimMember* member, ReadEnd end);
  void Renew(node_test::SimMember* member, kv::LeaseId lease, RenewalEnd end);

  // The process is gone, with all that it was asked.
  void OnEnded(const node_test::SimMember* member);

  // Somebody who is up, or null. `leader`: rather whom its members take for the leader.
  [[nodiscard]] node_test::SimMember* Pick(bool leader);
  void After(uint64_t delay_us, std::function<void()> task);

  // Which request has no outcome yet; empty: none.
  [[nodiscard]] std::string WhyNotIdle() const;
  [[nodiscard]] uint64_t now_us() const { return options_.cluster->world().now_us(); }
  [[nodiscard]] Prng& prng() { return prng_; }
  [[nodiscard]] History& history() { return history_; }
  [[nodiscard]] const Chronicle& chronicle() const { return *options_.chronicle; }
  [[nodiscard]] sim::ClientTally& tally() { return tally_; }
  // Clients that are to stop ask for nothing new.
  void Close() { closed_ = true; }
  [[nodiscard]] bool is_closed() const { return closed_; }
  void Report(std::string_view rule, std::string what) {
    options_.checker->Report(rule, NodeId(), std::move(what));
  }

 private:
  struct Open {
    std::string_view what;
    const node_test::SimMember* member = nullptr;
    std::function<void()> on_died;
  };
  [[nodiscard]] uint64_t Enter(std::string_view what, const node_test::SimMember* member,
                               std::function<void()> on_died);
  // Whether its outcome may come now.
  [[nodiscard]] bool Leave(uint64_t request);
  void Tally(const node::ProposalOutcome* outcome);

  const Options options_;
  node_test::SimExecutor executor_;
  Prng prng_;
  uint64_t next_request_ = 1;
  std::map<uint64_t, Open> open_;
  History history_;
  sim::ClientTally tally_;
  bool closed_ = false;
};

}  // namespace keel::nodesim
