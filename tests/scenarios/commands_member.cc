// Members: their starts and crashes, their disks, their state machines and snapshots.
#include <utility>

#include "tests/scenarios/commands.h"

namespace keel::raft {

namespace {

void Join(Stage& stage, Words& words) {
  while (!words.AtEnd() && words.ok()) {
    const NodeId id = words.TakeNode();
    if (stage.cluster().Has(id)) return words.Fail("it is there already");
    stage.cluster().Add(id);
    stage.cluster().Start(id);
  }
}

void Crash(Stage& stage, Words& words) {
  while (!words.AtEnd()) {
    const Node* node = stage.TakeUpNode(words);
    if (node == nullptr) return;
    stage.cluster().Crash(node->id);
  }
}

// restart 1 2 [damaged from I | wiped | state-lost]
void Restart(Stage& stage, Words& words) {
  const std::vector<NodeId> ids = words.TakeNodes();
  DiskFate fate = DiskFate::kIntact;
  Index from;
  if (words.TakeIf("damaged")) {
    fate = DiskFate::kDamaged;
    if (!words.TakeIf("from")) return words.Fail("say where, as in `restart 1 damaged from 3`");
    from = words.TakeIndex();
  } else if (words.TakeIf("wiped")) {
    fate = DiskFate::kWiped;
  } else if (words.TakeIf("state-lost")) {
    fate = DiskFate::kStateLost;
  }
  for (NodeId id : ids) {
    if (!words.ok()) return;
    if (!stage.cluster().Has(id)) return words.Fail("there is no such member");
    stage.cluster().Restart(id, fate, from);
  }
}

template <bool Node::*kFlag, bool kValue>
void SetFlag(Stage& stage, Words& words) {
  while (!words.AtEnd()) {
    Node* node = stage.TakeNode(words);
    if (node == nullptr) return;
    node->*kFlag = kValue;
  }
}

size_t TakeCount(Words& words) { return words.AtEnd() ? 1 : words.TakeNumber("a count"); }

void PersistNext(Stage& stage, Words& words) {
  const Node* node = stage.TakeUpNode(words);
  const size_t count = TakeCount(words);
  for (size_t i = 0; i < count && words.ok(); ++i) {
    if (!node->disk.HasWaiting()) return words.Fail("its disk has nothing to write");
    stage.cluster().CompletePersist(node->id);
  }
}

void ApplyNext(Stage& stage, Words& words) {
  const Node* node = stage.TakeUpNode(words);
  const size_t count = TakeCount(words);
  for (size_t i = 0; i < count && words.ok(); ++i) {
    if (node->to_apply.empty()) return words.Fail("it has nothing to apply");
    stage.cluster().ApplyNext(node->id);
  }
}

void CompactLog(Stage& stage, Words& words) {
  const Node* node = stage.TakeUpNode(words);
  const Index index = words.TakeIndex();
  if (words.ok()) stage.cluster().Compact(node->id, index);
}

void MakeSnapshot(Stage& stage, Words& words) {
  const Node* node = stage.TakeUpNode(words);
  if (node != nullptr && !stage.cluster().AnswerSnapshotWish(node->id)) {
    words.Fail("nobody asked it for a snapshot");
  }
}

void FailSnapshot(Stage& stage, Words& words) {
  const Node* node = stage.TakeUpNode(words);
  if (node != nullptr && !stage.cluster().AnswerSnapshotWish(node->id, /*fails=*/true)) {
    words.Fail("nobody asked it for a snapshot");
  }
}

void FetchEntries(Stage& stage, Words& words) {
  const Node* node = stage.TakeUpNode(words);
  if (node != nullptr && !stage.cluster().AnswerEntriesWish(node->id)) {
    words.Fail("nobody asked it for entries");
  }
}

void Show(Stage& stage, Words& words) {
  if (words.AtEnd()) {
    for (const auto& [id, node] : stage.cluster().nodes()) {
      stage.cluster().Narrate(Describe(node));
    }
  }
  while (!words.AtEnd()) {
    const Node* node = stage.TakeNode(words);
    if (node == nullptr) return;
    stage.cluster().Narrate(Describe(*node));
  }
}

constexpr Command kCommands[] = {
    {"join", "4", "a new member starts with an empty directory", true, Join},
    {"crash", "1 2", "members stop; what their disks have not completed is lost", true, Crash},
    {"restart", "1 [damaged from I | wiped | state-lost]", "members stop and start", true, Restart},
    {"stall-disk", "1", "its writes wait", true, SetFlag<&Node::disk_stalled, true>},
    {"resume-disk", "1", "its writes complete again", true, SetFlag<&Node::disk_stalled, false>},
    {"persist", "1 [N]", "the oldest writes of its disk complete", true, PersistNext},
    {"pause-apply", "1", "its state machine stands still", true,
     SetFlag<&Node::apply_paused, true>},
    {"resume-apply", "1", "its state machine goes on", true, SetFlag<&Node::apply_paused, false>},
    {"apply", "1 [N]", "it applies the next entries", true, ApplyNext},
    {"compact", "1 I", "it drops its log up to there", true, CompactLog},
    {"hold-snapshots", "1", "its snapshots are made by hand", true,
     SetFlag<&Node::snapshots_by_hand, true>},
    {"snapshot", "1", "it makes the snapshot that was asked for", true, MakeSnapshot},
    {"snapshot-fails", "1", "it cannot make the snapshot that was asked for", true, FailSnapshot},
    {"hold-fetches", "1", "entries that left its memory are read by hand", true,
     SetFlag<&Node::fetches_by_hand, true>},
    {"release-fetches", "1", "… and again without", true, SetFlag<&Node::fetches_by_hand, false>},
    {"fetch", "1", "it reads the entries that were asked for", true, FetchEntries},
    {"show", "[1 2]", "tells how members are", true, Show},
};

}  // namespace

std::span<const Command> MemberCommands() { return kCommands; }

std::string Describe(const Node& node) {
  const std::string who = std::to_string(node.id.value());
  if (!node.IsUp()) return who + " is down";
  const Raft& core = *node.core;
  const auto text = [](const Position& position) {
    return std::to_string(position.index.value()) + ":" + std::to_string(position.term.value());
  };
  std::string line = who + " is " + std::string(ToString(core.role())) + " at term " +
                     std::to_string(core.term().value()) + ", log " + text(core.log().base()) +
                     " to " + text(core.log().last()) + ", durable " +
                     std::to_string(core.durability().index().value()) + ", commit " +
                     std::to_string(core.commit().value()) + ", applied " +
                     std::to_string(core.applied().value());
  if (core.health() == Health::kDamaged) line += ", damaged";
  if (core.health() == Health::kEmpty) line += ", empty";
  if (core.state_lost()) line += ", state lost";
  return line;
}

}  // namespace keel::raft
