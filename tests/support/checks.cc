#include "tests/support/checks.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "raft/quorum.h"

namespace keel::raft {

namespace {

template <class... Parts>
std::string Text(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

// Whether this disk holds the entry at `position`, or a snapshot that covers it.
bool Holds(const Disk& disk, const Position& position) {
  return position.index <= disk.base().last.index || disk.TermAt(position.index) == position.term;
}

// Whether every majority of the config answers yes.
template <class Answer>
bool IsByMajority(const Config& config, const Answer& answer) {
  return CountVotes(config, [&](NodeId id) { return answer(id) ? Ballot::kYes : Ballot::kNo; }) ==
         Verdict::kWon;
}

}  // namespace

void Checks::Report(std::string violation) {
  if (std::find(violations_.begin(), violations_.end(), violation) == violations_.end()) {
    violations_.push_back(std::move(violation));
  }
}

void Checks::CollectFindings() {
  for (; findings_taken_ < rules_.violations().size(); ++findings_taken_) {
    const Violation& found = rules_.violations()[findings_taken_];
    Report(Text(found.rule, " of ", found.node.value(), ": ", found.what));
  }
}

void Checks::AfterStart(const Node& node) {
  OfDisk(node);
  commits_[node.id] = node.core->commit();
}

void Checks::AfterStep(const Node& node, const std::map<NodeId, Node>& all) {
  CheckDurability(node);
  Index& commit = commits_[node.id];
  if (node.core->commit() < commit) {
    Report(Text("the commit index of ", node.id.value(), " went back from ", commit.value()));
  }
  commit = node.core->commit();
  if (node.core->role() != Role::kLeader) return;
  CheckLeadership(node, all);
  CheckPeers(node, all);
  CheckCommit(node, all);
}

void Checks::OfDisk(const Node& node) {
  const std::string defect = node.disk.Defect();
  if (!defect.empty()) Report(Text("the disk of ", node.id.value(), " holds ", defect));
}

// A core never believes in more than its disk holds (Raft's "persistent state").
void Checks::CheckDurability(const Node& node) {
  const Raft& core = *node.core;
  if (core.durability().vote() != node.disk.vote()) {
    Report(Text("the core of ", node.id.value(), " believes in a vote that its disk lacks"));
  }
  const Index durable = core.durability().index();
  const std::optional<Term> term = core.log().TermAt(durable);
  if (term.has_value() && !Holds(node.disk, {durable, *term})) {
    Report(Text("the core of ", node.id.value(), " takes entry ", durable.value(),
                " for durable, and it is not"));
  }
}

void Checks::CheckLeadership(const Node& node, const std::map<NodeId, Node>& all) {
  const Raft& core = *node.core;
  const auto [at, is_new] = leaders_.emplace(core.term(), node.id);
  if (at->second != node.id) {
    return Report(Text("two leaders in term ", core.term().value(), ": ", at->second.value(),
                       " and ", node.id.value()));
  }
  if (!is_new) return;
  // Leader completeness (Raft §5.4.3).
  const bool has_committed =
      committed_.index <= core.log().base().index || core.log().Matches(committed_);
  if (!has_committed) {
    Report(Text("the leader of term ", core.term().value(), " lacks the committed entry ",
                committed_.index.value()));
  }
  const bool is_elected = IsByMajority(core.config(), [&](NodeId voter) {
    const auto found = all.find(voter);
    if (found == all.end()) return false;
    const Vote& vote = found->second.disk.vote();
    return vote.term > core.term() || vote == Vote{core.term(), node.id};
  });
  if (!is_elected) {
    Report(Text("the leader of term ", core.term().value(), " has no majority of durable votes"));
  }
}

// What a leader counts for a peer is on that peer's disk, while it is in the leader's term.
void Checks::CheckPeers(const Node& leader, const std::map<NodeId, Node>& all) {
  const Raft& core = *leader.core;
  for (const Progress& peer : core.peers()) {
    const auto found = all.find(peer.id);
    if (found == all.end() || !found->second.IsUp()) continue;
    const Node& other = found->second;
    const bool same_start = peer.boot == other.core->options().boot;
    if (!same_start || other.core->term() != core.term()) continue;
    const Index counted = peer.CountedMatch();
    const std::optional<Term> term = core.log().TermAt(counted);
    if (term.has_value() && !Holds(other.disk, {counted, *term})) {
      Report(Text("leader ", leader.id.value(), " counts entry ", counted.value(), " on ",
                  peer.id.value(), ", whose disk lacks it"));
    }
  }
}

void Checks::CheckCommit(const Node& node, const std::map<NodeId, Node>& all) {
  const Raft& core = *node.core;
  if (core.commit() <= committed_.index) return;
  const std::optional<Term> term = core.log().TermAt(core.commit());
  if (!term.has_value()) return;
  committed_ = {core.commit(), *term};
  const bool is_held = IsByMajority(core.config(), [&](NodeId voter) {
    const auto found = all.find(voter);
    return found != all.end() && Holds(found->second.disk, committed_);
  });
  if (!is_held) {
    Report(Text("leader ", node.id.value(), " commits entry ", committed_.index.value(),
                " without a majority that holds it on disk"));
  }
}

void Checks::BeforeApply(const Node& node, const Entry& entry) {
  if (entry.index != node.state.applied().Next()) {
    Report(Text(node.id.value(), " applies entry ", entry.index.value(), " behind ",
                node.state.applied().value()));
  }
  if (!Holds(node.disk, {entry.index, entry.term})) {
    Report(
        Text(node.id.value(), " applies entry ", entry.index.value(), " before its disk holds it"));
  }
  const auto [at, is_new] = applied_entries_.emplace(entry.index, entry);
  if (!is_new && at->second != entry) {
    Report(Text("two entries were applied at ", entry.index.value(), ": of term ",
                at->second.term.value(), " and of term ", entry.term.value()));
  }
  applied_ = std::max(applied_, entry.index);
}

void Checks::OfSnapshot(const Node& node, const SnapshotMeta& meta) {
  const SnapshotMeta& state = node.state.covers;
  if (meta.last != state.last || meta.config == nullptr || state.config == nullptr ||
      *meta.config != *state.config) {
    Report(Text("the core of ", node.id.value(), " misdescribes a snapshot of its state"));
  }
}

void Checks::OfRead(NodeId asked_at, Index must_see, Index answered) {
  if (answered >= must_see) return;
  Report(Text("a stale read on ", asked_at.value(), ": at ", answered.value(), ", but ",
              must_see.value(), " was applied before it was asked"));
}

}  // namespace keel::raft
