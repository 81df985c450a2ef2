// What the commands of one scenario act on: a cluster, and what was prepared before it starts.
//
// The cluster comes to be with the command `cluster`; until then only preparations are allowed. One
// thread; one stage for each run of a scenario.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/scenarios/words.h"
#include "tests/support/cluster.h"

namespace keel::raft {

class Stage {
 public:
  // ---- before the cluster is there ----
  Options options;
  uint64_t seed = 1;
  std::optional<Config> first_config;  // of everybody's disk; else the voters of `cluster`
  struct PreparedDisk {
    std::vector<Term> terms;
    Vote vote;
    Position base;
  };
  std::map<NodeId, PreparedDisk> prepared_disks;

  // Requires that there is none yet. Starts `members`, each from its prepared disk if it has one.
  void MakeCluster(const std::vector<NodeId>& members);
  [[nodiscard]] bool HasCluster() const { return cluster_ != nullptr; }
  [[nodiscard]] Cluster& cluster() { return *cluster_; }

  // Null, and the words fail, unless such a member is there (and up).
  Node* TakeNode(Words& words);
  Node* TakeUpNode(Words& words);

  // Messages that were copied to be delivered again, by name.
  std::map<std::string, Message> copies;

 private:
  std::unique_ptr<Cluster> cluster_;
};

// Carries out one command line. Empty if it went well and what was expected is so.
[[nodiscard]] std::string Perform(Stage& stage, std::string_view line);

// Every command with its words and meaning, for the help text and for the README.
[[nodiscard]] std::string DescribeCommands();

}  // namespace keel::raft
