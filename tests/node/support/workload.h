// Clients of a simulated cluster: each does one thing after another, at members chosen by chance,
// and remembers what it was told.
//
// Puts go to keys of their own, so that each answers for itself; transactions count one shared key
// up; reads check that what was acknowledged before they were asked for is there. A callback that
// comes twice, or an answer that does not fit, is a complaint. Owned by the test. One thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "kv/mvcc/command.h"
#include "tests/node/support/sim_cluster.h"

namespace keel::node_test {

class Workload {
 public:
  struct Options {
    size_t clients = 6;
    uint64_t pause_us_max = 5'000;
    size_t value_bytes_max = 200;
  };
  Workload(SimCluster* cluster, const Options& options);

  void Start();
  void Stop() { running_ = false; }
  // A member's process died: whoever waited for it will hear nothing.
  void OnKill(NodeId member);
  [[nodiscard]] bool IsIdle() const;

  // Once all members are equal: every acknowledged write is on every member, nothing that was
  // dropped is, and the counter says what the transactions were told.
  void CheckAtEnd();

  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }
  struct Counts {
    uint64_t applied = 0;
    uint64_t dropped = 0;
    uint64_t unknown = 0;
    uint64_t lost = 0;  // their node died
    uint64_t reads = 0;
    uint64_t reads_refused = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  struct Client {
    uint64_t number = 0;
    // What it waits for: answers to anything else come too late or twice.
    uint64_t request = 0;
    bool waits = false;
    NodeId at;
    std::string key;  // of a put that is under way
    bool counts = false;
  };

  void Next(Client* client);
  void NextLater(Client* client);
  void Put(Client* client, SimMember* member);
  void Count(Client* client, SimMember* member);
  void Read(Client* client, SimMember* member);
  void Propose(Client* client, SimMember* member, const kv::Command& command);
  void OnOutcome(Client* client, uint64_t request, const node::ProposalOutcome& outcome);
  void OnRead(Client* client, uint64_t request, Revision floor, const node::ReadOutcome& outcome);
  [[nodiscard]] SimMember* AnyMember();
  void Complain(std::string what) { complaints_.push_back(std::move(what)); }
  void CheckMember(SimMember* member);

  SimCluster* const cluster_;
  const Options options_;
  SimExecutor executor_;
  std::vector<std::unique_ptr<Client>> clients_;
  bool running_ = false;
  uint64_t next_key_ = 1;
  uint64_t next_request_ = 1;
  std::set<uint64_t> answered_;
  std::map<std::string, Revision> acknowledged_;
  std::set<std::string> dropped_;
  Revision highest_;  // the highest revision that anybody was told of
  uint64_t counted_ = 0;
  uint64_t perhaps_counted_ = 0;
  Counts counts_;
  std::vector<std::string> complaints_;
};

}  // namespace keel::node_test
