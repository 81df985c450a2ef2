#include "tests/scenarios/stage.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "tests/scenarios/commands.h"

namespace keel::raft {

namespace {

std::array<std::span<const Command>, 4> Tables() {
  return {SetupCommands(), TimeAndWireCommands(), MemberCommands(), ClientCommands()};
}

const Command* FindCommand(std::string_view name) {
  for (const auto& table : Tables()) {
    for (const Command& command : table) {
      if (command.name == name) return &command;
    }
  }
  return nullptr;
}

Disk MakeDisk(const Stage::PreparedDisk& prepared, std::shared_ptr<const Config> config) {
  std::vector<Entry> entries;
  Index index = prepared.base.index;
  Term last = prepared.base.term;
  for (Term term : prepared.terms) {
    index = index.Next();
    last = term;
    const std::string name = std::to_string(index.value()) + ":" + std::to_string(term.value());
    entries.push_back({.term = term, .index = index, .payload = Payload::Of(name)});
  }
  Vote vote = prepared.vote;
  if (vote.term < last) vote = {last, NodeId()};
  return Disk(vote, {.last = prepared.base, .config = std::move(config)}, std::move(entries));
}

}  // namespace

void Stage::MakeCluster(const std::vector<NodeId>& members) {
  KEEL_CHECK(!HasCluster()) << "a scenario has one cluster";
  cluster_ = std::make_unique<Cluster>(options, seed);
  const auto config =
      std::make_shared<const Config>(first_config.value_or(Config::OfVoters(members)));
  for (NodeId id : members) cluster_->Add(id, MakeDisk(prepared_disks[id], config));
  for (NodeId id : members) cluster_->Start(id);
}

Node* Stage::TakeNode(Words& words) {
  const NodeId id = words.TakeNode();
  if (!words.ok()) return nullptr;
  if (cluster_->Has(id)) return &cluster_->node(id);
  words.Fail("there is no member " + std::to_string(id.value()));
  return nullptr;
}

Node* Stage::TakeUpNode(Words& words) {
  Node* node = TakeNode(words);
  if (node == nullptr || node->IsUp()) return node;
  words.Fail(std::to_string(node->id.value()) + " is down");
  return nullptr;
}

std::string Perform(Stage& stage, std::string_view line) {
  Words words(line);
  const bool quietly = words.TakeIf("quietly");
  const std::string name = words.Take("a command");
  const Command* command = FindCommand(name);
  if (command == nullptr) return "there is no command '" + name + "'; see --help";
  if (command->needs_cluster != stage.HasCluster()) {
    return stage.HasCluster() ? "'" + name + "' comes before the cluster"
                              : "'" + name + "' needs a cluster; begin with `cluster 1 2 3`";
  }
  command->perform(stage, words);
  if (words.ok() && !words.AtEnd()) words.Fail("'" + words.Peek() + "' is one word too many");
  if (quietly && stage.HasCluster()) (void)stage.cluster().TakeNarration();
  return words.failure();
}

std::string DescribeCommands() {
  std::string text;
  for (const auto& table : Tables()) {
    for (const Command& command : table) {
      std::string head = "  " + std::string(command.name) + " " + std::string(command.words);
      if (head.size() < 44) head.resize(44, ' ');
      text += head + " " + std::string(command.meaning) + "\n";
    }
    text += "\n";
  }
  return text;
}

}  // namespace keel::raft
