// Rules on leaders: what they count, commit, send, keep and give up.
#include <algorithm>

#include "raft/invariants.h"

namespace keel::raft {

namespace {

std::string At(Index index) { return "entry " + std::to_string(index.value()); }

}  // namespace

ClusterChecker::Shadow& ClusterChecker::FindShadow(Node& leader, NodeId peer) {
  for (Shadow& shadow : leader.peers) {
    if (shadow.id == peer) return shadow;
  }
  leader.peers.push_back({.id = peer});
  return leader.peers.back();
}

// What a reply that reaches a leader entitles it to believe.
void ClusterChecker::HearReply(Node& node, const Raft& core, const Input& input) {
  const Message& message = std::get<Message>(input.event);
  if (core.role() != Role::kLeader || message.term != core.term()) return;
  const auto* append = std::get_if<AppendReply>(&message.body);
  const auto* heartbeat = std::get_if<HeartbeatReply>(&message.body);
  if (append == nullptr && heartbeat == nullptr) return;
  const BootId boot = append != nullptr ? append->boot : heartbeat->boot;
  const Health health = append != nullptr ? append->health : heartbeat->health;
  Shadow& shadow = FindShadow(node, message.from);
  if (boot < shadow.boot) return;
  const bool is_whole = health == Health::kWhole;
  if (boot > shadow.boot) {
    shadow.boot = boot;
    if (!is_whole) shadow.match = Index();
    shadow.is_whole = is_whole;
  }
  // Within one start a core heals and is not damaged again: an older reply changes nothing.
  shadow.is_whole |= is_whole;
  if (append != nullptr && append->success) shadow.match = std::max(shadow.match, append->match);
  if (is_whole) {
    shadow.is_heard = true;
    shadow.heard_at = std::max(shadow.heard_at, input.now);
  }
}

// What every majority of `config` holds durably, by what its members really said.
Index ClusterChecker::MajorityTruth(const Node& node, const Config& config) const {
  return Index(MajorityValue(config, [&](NodeId voter) -> uint64_t {
    if (voter == node.id) return std::min(node.disk.last(), node.log.last()).value();
    for (const Shadow& shadow : node.peers) {
      if (shadow.id == voter) return shadow.is_whole ? shadow.match.value() : 0;
    }
    return 0;
  }));
}

void ClusterChecker::CheckLeaderCommit(Node& node, const Raft& core) {
  const Index commit = core.commit();
  if (node.log.Holds(commit) && node.log.At(commit).term != core.term()) {
    Report("commits-own-term", node.id, At(commit) + " of an older term is committed by counting");
  }
  const Index truth =
      std::max(MajorityTruth(node, node.configs.current()), MajorityTruth(node, *config_before_));
  if (commit > truth) {
    Report("commit-majority", node.id,
           At(commit) + " is committed; a majority holds no more than " + At(truth));
  }
}

void ClusterChecker::CheckPeers(Node& node, const Raft& core) {
  const Options& options = core.options();
  for (const Progress& peer : core.peers()) {
    if (peer.match.IsNone() && peer.inflight.messages() == 0) continue;
    const Shadow& shadow = FindShadow(node, peer.id);
    if (peer.match > shadow.match) {
      Report("match-truth", node.id,
             "it believes that " + std::to_string(peer.id.value()) + " holds " + At(peer.match) +
                 "; that has acknowledged " + At(shadow.match));
    }
    if (peer.next <= peer.match) {
      Report("match-before-next", node.id, "it sends what is already acknowledged");
    }
    const size_t one_more =
        std::max(options.message_bytes_max, options.entry_bytes_max + kEntryOverheadBytes);
    if (peer.inflight.messages() > options.inflight_messages_max ||
        peer.inflight.bytes() > options.inflight_bytes_max + one_more) {
      Report("inflight-bound", node.id, "too much is in flight to one peer");
    }
  }
}

// A leader gives its term up for a reason: nobody hears it, its disk is stuck, or it has left.
void ClusterChecker::CheckResigned(const Node& node, const Raft& core) {
  // Of several events at once the last may hide what the first has shown.
  if (node.inputs != 1) return;
  const DurationMs timeout_ms = core.options().election_timeout_ms;
  const auto is_heard = [&](NodeId voter) {
    if (voter == node.id) return Ballot::kYes;
    for (const Shadow& shadow : node.peers) {
      const bool recent = shadow.is_heard && shadow.heard_at + timeout_ms > node.now;
      if (shadow.id == voter && shadow.is_whole && recent) return Ballot::kYes;
    }
    return Ballot::kNo;
  };
  const Config& config = node.configs.current();
  if (CountVotes(config, is_heard) != Verdict::kWon) return;
  const Durability& disk = core.durability();
  if (!disk.IsIdle() && disk.OldestIssuedAt() + timeout_ms <= node.now) return;
  const bool has_left = !config.IsJoint() && !config.IsVoter(node.id) &&
                        node.configs.current_index() <= core.commit();
  if (has_left) return;
  Report("leads-on", node.id,
         "it gives up leadership although a majority hears it and it belongs to the cluster");
}

void ClusterChecker::CheckBounds(const Node& node, const Raft& core, const Output& out) {
  const Options& options = core.options();
  // What it inherited may be more than it would have taken; it takes nothing then. A term's first
  // entry and config entries are never refused: what this step added of them comes on top.
  bool takes_proposals = false;
  for (const ProposalResult& result : out.proposals) takes_proposals |= result.accepted > 0;
  size_t unrefused_bytes = 0;
  for (const Entry& entry : out.persist.entries) {
    if (entry.kind != EntryKind::kCommand) unrefused_bytes += CostBytes(entry);
  }
  if (takes_proposals &&
      core.uncommitted_bytes() > options.uncommitted_bytes_max + unrefused_bytes) {
    Report("uncommitted-bound", node.id, "the uncommitted tail is beyond its limit");
  }
  if (core.pending_reads() > options.reads_pending_max) {
    Report("reads-bound", node.id, "more reads wait than may");
  }
  for (const Message& message : out.send_now) {
    const auto* append = std::get_if<AppendRequest>(&message.body);
    if (append == nullptr || append->entries.size() < 2) continue;
    size_t message_bytes = 0;
    for (const Entry& entry : append->entries) message_bytes += CostBytes(entry);
    if (message_bytes > options.message_bytes_max) {
      Report("message-bound", node.id, "a message carries more than its limit");
    }
  }
  const Index held = core.role() == Role::kLeader
                         ? std::min(core.commit(), core.durability().index())
                         : core.durability().index();
  if (core.log().cached_bytes() > options.cache_bytes_max && core.log().cached_from() <= held) {
    Report("cache-bound", node.id, "it caches more durable entries than its limit");
  }
}

// A batch is handed out only below the limit on what is not yet applied; nothing else adds to that.
void ClusterChecker::CheckApplyBounds(const Node& node, const Raft& core, const Output& out) {
  const Options& options = core.options();
  size_t committed_bytes = 0;
  for (const Entry& entry : out.committed) committed_bytes += CostBytes(entry);
  if (out.committed.size() > 1 && committed_bytes > options.committed_batch_bytes_max) {
    Report("committed-bound", node.id, "one update hands out more than its limit");
  }
  const size_t unapplied_bytes = core.unapplied_bytes();
  if (unapplied_bytes > node.unapplied_bytes + committed_bytes) {
    Report("unapplied-bound", node.id, "more waits to be applied than was handed out");
  }
  if (!out.committed.empty() && unapplied_bytes >= options.unapplied_bytes_max + committed_bytes) {
    Report("unapplied-bound", node.id, "it hands out entries beyond its limit");
  }
}

void ClusterChecker::CheckAppendSent(const Node& node, const Message& message,
                                     const AppendRequest& append) {
  if (!IsWellFormed(message)) {
    return Report("well-formed", node.id, "it sends entries with a gap: " + ToString(message));
  }
  // The sender may have gone on since; what leaves late and is stale is no promise.
  if (!node.is_up || message.term != node.vote.term) return;
  const auto differs = [&](Index index, Term term) {
    return node.log.Holds(index) && node.log.At(index).term != term;
  };
  bool is_wrong = differs(append.prev.index, append.prev.term);
  for (const Entry& entry : append.entries) is_wrong |= differs(entry.index, entry.term);
  if (is_wrong) Report("sends-its-log", node.id, "it sends what its log does not hold");
  if (append.commit > node.commit) {
    Report("sends-its-commit", node.id, "it tells of a commit index that it has not reached");
  }
}

// Success means that this disk holds the leader's log up to there, now.
void ClusterChecker::CheckAckSent(Node& node, const Message& message, const AppendReply& reply) {
  if (node.is_wiped && reply.health == Health::kWhole) {
    Report("wiped-is-inert", node.id, "it lost its log and acknowledges under its old id");
  }
  if (reply.match > node.disk.last()) {
    return Report(
        "ack-is-durable", node.id,
        "it acknowledges " + At(reply.match) + "; its disk ends at " + At(node.disk.last()));
  }
  if (message.term == node.vote.term) {
    const Index before = node.acknowledged.term == message.term ? node.acknowledged.index : Index();
    node.acknowledged = {std::max(before, reply.match), message.term};
  }
  const Node& leader = Find(message.to);
  const bool leads =
      leader.is_up && leader.role == Role::kLeader && leader.vote.term == message.term;
  if (!leads || !leader.log.Holds(reply.match) || !node.disk.Holds(reply.match)) return;
  if (!node.disk.AgreesAt(leader.log, reply.match)) {
    Report("ack-is-truth", node.id,
           "it acknowledges " + At(reply.match) + "; its disk differs from the leader's log");
  }
}

}  // namespace keel::raft
