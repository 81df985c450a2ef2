// What a scenario may expect. Each says what is so instead when it fails.
#include <functional>
#include <utility>

#include "tests/scenarios/commands.h"

namespace keel::raft {

namespace {

// What is expected, in words, and what is so: equal or not.
void Same(Words& words, const std::string& expected, const std::string& actual) {
  if (words.ok() && expected != actual) {
    words.Fail("expected '" + expected + "', and it is '" + actual + "'");
  }
}

template <class Ordinal>
std::string Text(Ordinal value) {
  return std::to_string(value.value());
}
std::string Text(const Position& position) {
  return Text(position.index) + ":" + Text(position.term);
}

void SameNumber(Words& words, uint64_t actual) {
  const uint64_t expected = words.TakeNumber("a number");
  Same(words, std::to_string(expected), std::to_string(actual));
}

// ---- of one member ----

void ExpectLog(const Node& node, Words& words) {
  std::string terms;
  const Log& log = node.core->log();
  for (Index i = log.first(); i <= log.last().index; i = i.Next()) {
    terms += (terms.empty() ? "" : " ") + Text(*log.TermAt(i));
  }
  Same(words, words.TakeRest(), terms);
}

void ExpectCommands(const Node& node, Words& words) {
  std::string commands;
  for (const auto& [index, command] : node.state.commands) {
    commands += (commands.empty() ? "" : " ") + command;
  }
  Same(words, words.TakeRest(), commands);
}

void ExpectTook(const Node& node, Words& words) {
  if (node.proposals.empty()) return words.Fail("nothing was proposed to it");
  SameNumber(words, node.proposals.back().accepted);
}

void ExpectRefused(const Node& node, Words& words) {
  if (node.proposals.empty()) return words.Fail("nothing was proposed to it");
  Same(words, words.TakeRest(), std::string(ToString(node.proposals.back().refusal)));
}

void ExpectChange(const Node& node, Words& words) {
  if (node.config_changes.empty()) return words.Fail("no change was asked of it");
  Same(words, words.TakeRest(), std::string(ToString(node.config_changes.back().refusal)));
}

void ExpectTransfer(const Node& node, Words& words) {
  if (node.transfers.empty()) return words.Fail("no transfer was asked of it");
  Same(words, words.TakeRest(), std::string(ToString(node.transfers.back().outcome)));
}

// notice healed | removed | wiped 3 | none
void ExpectNotice(const Node& node, Words& words) {
  const std::string expected = words.TakeRest();
  std::string all;
  for (const Notice& notice : node.notices) {
    std::string text = notice.kind == NoticeKind::kHealed    ? "healed"
                       : notice.kind == NoticeKind::kRemoved ? "removed"
                                                             : "wiped " + Text(notice.peer);
    if (text == expected) return;
    all += (all.empty() ? "" : ", ") + text;
  }
  Same(words, expected, all.empty() ? "none" : all);
}

void ExpectHealth(const Node& node, Words& words) {
  const Raft& core = *node.core;
  const std::string health = core.health() == Health::kDamaged ? "damaged"
                             : core.health() == Health::kEmpty ? "empty"
                             : core.state_lost()               ? "state-lost"
                                                               : "whole";
  Same(words, words.TakeRest(), health);
}

// peer 2 replicate match 5
void ExpectPeer(const Node& node, Words& words) {
  const NodeId id = words.TakeNode();
  for (const Progress& peer : node.core->peers()) {
    if (peer.id != id) continue;
    const std::string state = peer.state == FlowState::kProbe       ? "probe"
                              : peer.state == FlowState::kReplicate ? "replicate"
                                                                    : "snapshot";
    return Same(words, words.TakeRest(), state + " match " + Text(peer.match));
  }
  words.Fail("it knows no such peer");
}

struct MemberExpectation {
  std::string_view name;
  std::function<void(const Node&, Words&)> check;
};

const std::vector<MemberExpectation>& MemberExpectations() {
  static const std::vector<MemberExpectation> table = {
      {"term", [](const Node& n, Words& w) { SameNumber(w, n.core->term().value()); }},
      {"commit", [](const Node& n, Words& w) { SameNumber(w, n.core->commit().value()); }},
      {"applied", [](const Node& n, Words& w) { SameNumber(w, n.state.applied().value()); }},
      {"durable",
       [](const Node& n, Words& w) { SameNumber(w, n.core->durability().index().value()); }},
      {"last", [](const Node& n, Words& w) { Same(w, w.TakeRest(), Text(n.core->log().last())); }},
      {"base", [](const Node& n, Words& w) { Same(w, w.TakeRest(), Text(n.core->log().base())); }},
      {"log", ExpectLog},
      {"commands", ExpectCommands},
      {"command-count", [](const Node& n, Words& w) { SameNumber(w, n.state.commands.size()); }},
      {"config",
       [](const Node& n, Words& w) { Same(w, w.TakeRest(), n.core->config().ToString()); }},
      {"follows", [](const Node& n, Words& w) { SameNumber(w, n.core->leader().value()); }},
      {"voted", [](const Node& n, Words& w) { SameNumber(w, n.core->vote().candidate.value()); }},
      {"dropped", [](const Node& n, Words& w) { SameNumber(w, n.core->dropped_message_count()); }},
      {"writes-waiting", [](const Node& n, Words& w) { SameNumber(w, n.disk.waiting_count()); }},
      {"health", ExpectHealth},
      {"peer", ExpectPeer},
      {"took", ExpectTook},
      {"refused", ExpectRefused},
      {"change", ExpectChange},
      {"transfer", ExpectTransfer},
      {"notice", ExpectNotice},
  };
  return table;
}

void ExpectOfMember(Stage& stage, Words& words) {
  const Node* node = stage.TakeNode(words);
  if (node == nullptr) return;
  if (words.TakeIf("down")) return Same(words, "down", node->IsUp() ? "up" : "down");
  if (!node->IsUp()) return words.Fail("it is down");
  const std::string name = words.Take("what is expected");
  for (Role role : {Role::kFollower, Role::kPreCandidate, Role::kCandidate, Role::kLeader}) {
    if (name != ToString(role)) continue;
    Same(words, name, std::string(ToString(node->core->role())));
    if (words.TakeIf("term")) SameNumber(words, node->core->term().value());
    return;
  }
  for (const MemberExpectation& expectation : MemberExpectations()) {
    if (expectation.name == name) return expectation.check(*node, words);
  }
  words.Fail("nobody knows how to expect '" + name + "'");
}

// ---- of the whole ----

// read 2 answered | waiting | refused REASON
void ExpectRead(Stage& stage, Words& words) {
  const size_t number = words.TakeNumber("a read's number");
  if (!words.ok()) return;
  if (number == 0 || number > stage.cluster().reads().size()) {
    return words.Fail("there is no such read");
  }
  const ReadRecord& read = stage.cluster().read(number);
  std::string fate = "waiting";
  if (read.fate == ReadRecord::Fate::kAnswered) fate = "answered at " + Text(read.index);
  if (read.fate == ReadRecord::Fate::kRefused) {
    fate = "refused " + std::string(ToString(read.refusal));
  }
  const std::string expected = words.TakeRest();
  // "answered" and "refused" alone leave open where and why.
  if (fate.rfind(expected + " ", 0) != 0) Same(words, expected, fate);
}

// equal 1 2 3: the same commands, applied up to the same index.
void ExpectEqual(Stage& stage, Words& words) {
  const Node* first = stage.TakeNode(words);
  while (first != nullptr && !words.AtEnd()) {
    const Node* other = stage.TakeNode(words);
    if (other == nullptr) return;
    if (other->state.commands != first->state.commands ||
        other->state.applied() != first->state.applied()) {
      return words.Fail(Text(other->id) + " has applied up to " + Text(other->state.applied()) +
                        ", and " + Text(first->id) + " up to " + Text(first->state.applied()));
    }
  }
}

void ExpectWire(Stage& stage, Words& words) {
  const Link link = words.TakeLink();
  SameNumber(words, stage.cluster().wire().CountOn(link));
}

}  // namespace

void Expect(Stage& stage, Words& words) {
  if (words.TakeIf("read")) return ExpectRead(stage, words);
  if (words.TakeIf("equal")) return ExpectEqual(stage, words);
  if (words.TakeIf("wire")) return ExpectWire(stage, words);
  const bool nobody = words.TakeIf("nobody");
  if (nobody || words.TakeIf("somebody")) {
    if (!words.TakeIf("leads")) words.Fail("say `leads`");
    const NodeId leader = stage.cluster().leader();
    if (leader.IsNone() != nobody) {
      words.Fail(nobody ? Text(leader) + " leads" : std::string("nobody leads"));
    }
    return;
  }
  ExpectOfMember(stage, words);
}

}  // namespace keel::raft
