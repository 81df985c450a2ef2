// Time and the wire.
#include <algorithm>
#include <utility>

#include "base/numbers.h"
#include "tests/scenarios/commands.h"

namespace keel::raft {

namespace {

// ---- time ----

void Advance(Stage& stage, Words& words) {
  const DurationMs duration_ms = words.TakeNumber("milliseconds");
  if (words.ok()) stage.cluster().Advance(duration_ms);
}

void Jump(Stage& stage, Words& words) { stage.cluster().Jump(words.TakeNumber("milliseconds")); }

void Tick(Stage& stage, Words& words) {
  while (!words.AtEnd()) {
    const Node* node = stage.TakeUpNode(words);
    if (node == nullptr) return;
    stage.cluster().Tick(node->id);
  }
}

void Campaign(Stage& stage, Words& words) {
  if (const Node* node = stage.TakeUpNode(words)) stage.cluster().Campaign(node->id);
}

void Elect(Stage& stage, Words& words) {
  const Node* node = stage.TakeUpNode(words);
  if (node == nullptr) return;
  stage.cluster().Elect(node->id);
  if (node->core->role() != Role::kLeader) words.Fail("it was not elected");
}

void Settle(Stage& stage, Words&) { stage.cluster().Settle(); }

// ---- the wire ----

// "1>2", or "1" for every link from it and to it, or nothing for all links there are.
std::vector<Link> TakeLinks(Stage& stage, Words& words) {
  std::vector<Link> links;
  const auto add = [&](NodeId from, NodeId to) {
    if (from != to) links.push_back({from, to});
  };
  if (words.AtEnd()) {
    for (const auto& [from, node] : stage.cluster().nodes()) {
      for (const auto& [to, other] : stage.cluster().nodes()) add(from, to);
    }
  }
  while (!words.AtEnd() && words.ok()) {
    if (const auto number = ParseNumber<uint64_t>(words.Peek())) {
      const NodeId id = words.TakeNode();
      for (const auto& [other, node] : stage.cluster().nodes()) {
        add(id, other);
        add(other, id);
      }
    } else {
      links.push_back(words.TakeLink());
    }
  }
  return links;
}

void Hold(Stage& stage, Words& words) {
  for (Link link : TakeLinks(stage, words)) stage.cluster().wire().Hold(link);
}

void Release(Stage& stage, Words& words) {
  for (Link link : TakeLinks(stage, words)) stage.cluster().wire().Release(link);
}

void Drop(Stage& stage, Words& words) {
  for (Link link : TakeLinks(stage, words)) stage.cluster().wire().DropAll(link);
}

void CutOne(Stage& stage, Words& words) {
  const Link link = words.TakeLink();
  if (words.ok()) stage.cluster().wire().Cut(link);
}

// cut 1 | 2 3, or cut 1>2
void Cut(Stage& stage, Words& words) {
  if (words.Peek().find('>') != std::string::npos) {
    while (!words.AtEnd() && words.ok()) CutOne(stage, words);
    return;
  }
  const std::vector<NodeId> one = words.TakeNodes();
  if (!words.TakeIf("|")) return words.Fail("say which sides, as in `cut 1 | 2 3`");
  stage.cluster().Cut(one, words.TakeNodes());
}

void Heal(Stage& stage, Words&) { stage.cluster().Heal(); }

void Deliver(Stage& stage, Words& words) {
  const Link link = words.TakeLink();
  size_t count = 1;
  bool newest = false;
  if (words.TakeIf("all")) {
    count = stage.cluster().wire().CountOn(link);
  } else if (words.TakeIf("newest")) {
    newest = true;
  } else if (!words.AtEnd()) {
    count = words.TakeNumber("a count");
  }
  for (size_t i = 0; i < count && words.ok(); ++i) {
    std::optional<Message> message = stage.cluster().wire().TakeFrom(link, newest);
    if (!message.has_value()) return words.Fail("nothing is under way there");
    stage.cluster().Narrate(ToString(*message));
    stage.cluster().Inject(*message);
  }
}

void Copy(Stage& stage, Words& words) {
  const Link link = words.TakeLink();
  const bool newest = words.TakeIf("newest");
  if (!words.TakeIf("as")) return words.Fail("name the copy, as in `copy 1>2 as old`");
  const std::string name = words.Take("a name");
  std::optional<Message> message = stage.cluster().wire().TakeFrom(link, newest);
  if (!message.has_value()) return words.Fail("nothing is under way there");
  stage.copies[name] = *message;
  // The copy's original goes on its way, behind what is there.
  stage.cluster().wire().Send(std::move(*message));
}

void Inject(Stage& stage, Words& words) {
  const std::string name = words.Take("a name");
  const auto found = stage.copies.find(name);
  if (found == stage.copies.end()) return words.Fail("there is no copy '" + name + "'");
  stage.cluster().Narrate(ToString(found->second));
  stage.cluster().Inject(found->second);
}

// The body of a message, as ToString writes it; kept to what scenarios need.
std::optional<Body> TakeBody(Words& words, Term term) {
  if (words.TakeIf("campaign-now")) return TimeoutNow{};
  if (words.TakeIf("append")) {
    AppendRequest append;
    if (words.TakeIf("prev")) append.prev = words.TakePosition();
    if (words.TakeIf("commit")) append.commit = words.TakeIndex();
    if (words.TakeIf("entries")) {
      while (!words.AtEnd() && words.ok()) {
        const Position at = words.TakePosition();
        append.entries.push_back(
            {.term = at.term, .index = at.index, .payload = Payload::Of("forged")});
      }
    }
    return append;
  }
  if (words.TakeIf("vote?")) {
    VoteRequest request{.for_term = term, .round = 1};
    if (words.TakeIf("last")) request.last = words.TakePosition();
    request.forced = words.TakeIf("forced");
    return request;
  }
  if (words.TakeIf("appended")) return AppendReply{.success = true, .match = words.TakeIndex()};
  words.Fail("nobody knows how to say that");
  return std::nullopt;
}

// message 2>3 t2 append prev 1:1 commit 3: as if 2 had sent it.
void SendMessage(Stage& stage, Words& words) {
  const Link link = words.TakeLink();
  const std::string term_text = words.Take("a term");
  const std::optional<uint64_t> term =
      term_text.rfind('t', 0) == 0 ? ParseNumber<uint64_t>(term_text.substr(1)) : std::nullopt;
  if (!term.has_value()) return words.Fail("say the sender's term, as in t2");
  const std::optional<Body> body = TakeBody(words, Term(*term));
  if (!words.ok()) return;
  stage.cluster().Inject({link.from, link.to, Term(*term), *body});
}

void Reverse(Stage& stage, Words& words) {
  const Link link = words.TakeLink();
  if (words.ok()) stage.cluster().wire().Reverse(link);
}

// lost 1 of 2 [refused]: 2 notices that its connection to 1 broke.
void Lost(Stage& stage, Words& words) {
  const NodeId peer = words.TakeNode();
  if (!words.TakeIf("of")) return words.Fail("say whose, as in `lost 1 of 2`");
  const Node* node = stage.TakeUpNode(words);
  const bool refused = words.TakeIf("refused");
  if (node != nullptr) stage.cluster().LosePeer(node->id, peer, refused);
}

constexpr Command kCommands[] = {
    {"advance", "MS", "time passes; everybody ticks when due, all work is done", true, Advance},
    {"jump", "MS", "time passes and nobody notices yet", true, Jump},
    {"tick", "1 2", "members look at the clock", true, Tick},
    {"campaign", "1", "time passes and only this member notices, until it campaigns", true,
     Campaign},
    {"elect", "1", "it campaigns, all work is done, and it must lead", true, Elect},
    {"settle", "", "delivers and completes all that is not held back", true, Settle},
    {"hold", "[1>2 | 1]...", "these links keep their messages", true, Hold},
    {"release", "[1>2 | 1]...", "these links deliver again", true, Release},
    {"drop", "[1>2 | 1]...", "what is under way there is lost", true, Drop},
    {"cut", "1 | 2 3, or 1>2", "nothing passes any more", true, Cut},
    {"heal", "", "nothing is cut any more", true, Heal},
    {"deliver", "1>2 [N | all | newest]", "hands messages over, held or not", true, Deliver},
    {"copy", "1>2 [newest] as NAME", "remembers a message that is under way", true, Copy},
    {"inject", "NAME", "delivers a remembered message once more", true, Inject},
    {"message", "2>3 t2 append prev 1:1 commit 3", "as if 2 had sent it", true, SendMessage},
    {"reverse", "1>2", "turns the order of what is under way there", true, Reverse},
    {"lost", "1 of 2 [refused]", "2 loses its connection to 1", true, Lost},
};

}  // namespace

std::span<const Command> TimeAndWireCommands() { return kCommands; }

}  // namespace keel::raft
