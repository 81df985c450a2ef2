// What clients and operators ask for.
#include <utility>

#include "tests/scenarios/commands.h"

namespace keel::raft {

namespace {

void ProposeCommands(Stage& stage, Words& words) {
  const Node* node = stage.TakeUpNode(words);
  std::vector<std::string> commands;
  while (!words.AtEnd()) commands.push_back(words.Take("a command"));
  if (commands.empty()) words.Fail("say what, as in `propose 1 x`");
  if (words.ok()) stage.cluster().Propose(node->id, commands);
}

// fill 1 100 of 256: a batch of equal commands.
void Fill(Stage& stage, Words& words) {
  const Node* node = stage.TakeUpNode(words);
  const size_t count = words.TakeNumber("a count");
  if (!words.TakeIf("of")) return words.Fail("say how large, as in `fill 1 10 of 256`");
  const size_t size_bytes = words.TakeNumber("a size in bytes");
  if (!words.ok()) return;
  stage.cluster().Propose(node->id, std::vector<std::string>(count, std::string(size_bytes, 'x')));
}

void ReadOnce(Stage& stage, Words& words) {
  if (const Node* node = stage.TakeUpNode(words)) (void)stage.cluster().Read(node->id);
}

void TransferTo(Stage& stage, Words& words) {
  const Node* node = stage.TakeUpNode(words);
  const NodeId to = words.AtEnd() ? NodeId() : words.TakeNode();
  if (words.ok()) stage.cluster().Transfer(node->id, to);
}

ConfigOp TakeOp(Words& words) {
  const std::string name = words.Take("a change");
  ConfigOp op;
  if (name == "lease-reads") {
    op.kind = ConfigOpKind::kSetLeaseReads;
    op.enabled = words.TakeIf("on");
    if (!op.enabled && !words.TakeIf("off")) words.Fail("say on or off");
    return op;
  }
  constexpr std::pair<std::string_view, ConfigOpKind> kNames[] = {
      {"add-voter", ConfigOpKind::kAddVoter},   {"add-learner", ConfigOpKind::kAddLearner},
      {"promote", ConfigOpKind::kPromote},      {"demote", ConfigOpKind::kDemote},
      {"remove", ConfigOpKind::kRemove},        {"replace", ConfigOpKind::kReplace},
      {"priority", ConfigOpKind::kSetPriority},
  };
  bool is_known = false;
  for (const auto& [text, kind] : kNames) {
    if (name != text) continue;
    op.kind = kind;
    is_known = true;
  }
  if (!is_known) words.Fail("there is no change '" + name + "'");
  op.id = words.TakeNode();
  if (op.kind == ConfigOpKind::kReplace) {
    if (!words.TakeIf("by")) words.Fail("say by whom, as in `replace 3 by 4`");
    op.replacement = words.TakeNode();
  }
  if (op.kind == ConfigOpKind::kSetPriority) {
    op.priority = static_cast<uint32_t>(words.TakeNumber("a priority"));
  }
  return op;
}

// change 1 add-voter 4 and remove 3
void ChangeMembers(Stage& stage, Words& words) {
  const Node* node = stage.TakeUpNode(words);
  std::vector<ConfigOp> ops;
  do {
    ops.push_back(TakeOp(words));
  } while (words.ok() && words.TakeIf("and"));
  if (words.ok()) stage.cluster().Change(node->id, std::move(ops));
}

constexpr Command kCommands[] = {
    {"propose", "1 x y", "clients propose commands", true, ProposeCommands},
    {"fill", "1 N of BYTES", "a batch of N commands of this size", true, Fill},
    {"read", "1", "a client reads; reads are numbered from 1", true, ReadOnce},
    {"transfer", "1 [2]", "leadership is to go to 2, or to the fittest", true, TransferTo},
    {"change", "1 add-voter 4 [and remove 3]...",
     "add-voter, add-learner, promote, demote, remove, replace N by M, priority N P, lease-reads "
     "on",
     true, ChangeMembers},
    {"expect", "…", "fails unless it is so; tests/scenarios/README.md lists what may be expected",
     true, Expect},
};

}  // namespace

std::span<const Command> ClientCommands() { return kCommands; }

}  // namespace keel::raft
