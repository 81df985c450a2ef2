// What is prepared before the cluster starts.
#include <algorithm>
#include <functional>
#include <utility>

#include "tests/scenarios/commands.h"

namespace keel::raft {

namespace {

struct OptionName {
  std::string_view name;
  std::function<void(Options*, uint64_t)> set;
};

const std::vector<OptionName>& OptionNames() {
  static const std::vector<OptionName> names = {
      {"heartbeat-ms", [](Options* o, uint64_t v) { o->heartbeat_ms = v; }},
      {"election-timeout-ms", [](Options* o, uint64_t v) { o->election_timeout_ms = v; }},
      {"snapshot-patience-ms", [](Options* o, uint64_t v) { o->snapshot_patience_ms = v; }},
      {"entry-bytes-max", [](Options* o, uint64_t v) { o->entry_bytes_max = v; }},
      {"message-bytes-max", [](Options* o, uint64_t v) { o->message_bytes_max = v; }},
      {"inflight-bytes-max", [](Options* o, uint64_t v) { o->inflight_bytes_max = v; }},
      {"inflight-messages-max", [](Options* o, uint64_t v) { o->inflight_messages_max = v; }},
      {"uncommitted-bytes-max", [](Options* o, uint64_t v) { o->uncommitted_bytes_max = v; }},
      {"unapplied-bytes-max", [](Options* o, uint64_t v) { o->unapplied_bytes_max = v; }},
      {"committed-batch-bytes-max",
       [](Options* o, uint64_t v) { o->committed_batch_bytes_max = v; }},
      {"cache-bytes-max", [](Options* o, uint64_t v) { o->cache_bytes_max = v; }},
      {"reads-pending-max", [](Options* o, uint64_t v) { o->reads_pending_max = v; }},
  };
  return names;
}

void SetOption(Stage& stage, Words& words) {
  const std::string name = words.Take("an option");
  const uint64_t value = words.TakeNumber("a value");
  for (const OptionName& option : OptionNames()) {
    if (option.name == name) return option.set(&stage.options, value);
  }
  words.Fail("there is no option '" + name + "'");
}

void SetSeed(Stage& stage, Words& words) { stage.seed = words.TakeNumber("a seed"); }

// config 1 2 3 [-> 2 3 4] [learn 5] [lease-reads]
void SetConfig(Stage& stage, Words& words) {
  std::map<NodeId, Member> members;
  const std::vector<NodeId> first = words.TakeNodes();
  const bool joint = words.TakeIf("->");
  for (NodeId id : first) (joint ? members[id].votes_outgoing : members[id].votes) = true;
  if (joint) {
    for (NodeId id : words.TakeNodes()) members[id].votes = true;
  }
  if (words.TakeIf("learn")) {
    for (NodeId id : words.TakeNodes()) members[id].learns = true;
  }
  const bool lease_reads = words.TakeIf("lease-reads");
  std::vector<Member> list;
  for (auto& [id, member] : members) {
    member.id = id;
    list.push_back(member);
  }
  stage.first_config = Config::OfMembers(std::move(list), lease_reads);
}

// disk 1 [base 4:2] terms 1 1 2 [vote 3 [for 2]]
void PrepareDisk(Stage& stage, Words& words) {
  Stage::PreparedDisk& disk = stage.prepared_disks[words.TakeNode()];
  if (words.TakeIf("base")) disk.base = words.TakePosition();
  if (words.TakeIf("terms")) {
    for (NodeId number : words.TakeNodes()) disk.terms.emplace_back(number.value());
  }
  if (words.TakeIf("vote")) disk.vote.term = words.TakeTerm();
  if (words.TakeIf("for")) disk.vote.candidate = words.TakeNode();
}

void MakeCluster(Stage& stage, Words& words) {
  const std::vector<NodeId> members = words.TakeNodes();
  if (members.empty()) return words.Fail("a cluster has members");
  stage.MakeCluster(members);
}

constexpr Command kCommands[] = {
    {"option", "NAME VALUE", "one of raft/options.h, for everybody", false, SetOption},
    {"seed", "N", "of the randomness of the cores", false, SetSeed},
    {"config", "1 2 [-> 1 3] [learn 4] [lease-reads]", "what the members start with", false,
     SetConfig},
    {"disk", "1 [base I:T] terms 1 1 2 [vote T [for N]]", "what a member's disk holds", false,
     PrepareDisk},
    {"cluster", "1 2 3", "makes the cluster and starts everybody", false, MakeCluster},
};

}  // namespace

std::span<const Command> SetupCommands() { return kCommands; }

}  // namespace keel::raft
