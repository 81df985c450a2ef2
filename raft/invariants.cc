#include "raft/invariants.h"

#include <algorithm>
#include <utility>

namespace keel::raft {

namespace {

// More than this says nothing new.
constexpr size_t kViolationsMax = 64;

}  // namespace

void ClusterChecker::Report(std::string_view rule, NodeId node, std::string what) {
  if (violations_.size() < kViolationsMax) violations_.push_back({rule, node, std::move(what)});
}

ClusterChecker::Node& ClusterChecker::Find(NodeId id) {
  for (Node& node : nodes_) {
    if (node.id == id) return node;
  }
  nodes_.emplace_back();
  nodes_.back().id = id;
  return nodes_.back();
}

ChainLog::Link ClusterChecker::LinkAt(Position position) {
  if (position.index.IsNone()) return {};
  if (committed_.Holds(position.index)) {
    const ChainLog::Link& link = committed_.At(position.index);
    if (link.term != position.term) {
      Report("snapshot-truth", NodeId(),
             "a snapshot covers entry " + std::to_string(position.index.value()) + " of term " +
                 std::to_string(position.term.value()) + "; another one is committed there");
    }
    return link;
  }
  // The world begins with a snapshot whose past nobody has seen: any chain will do.
  const ChainLog::Link link{position.term, position.index.value() * 0x9e3779b97f4a7c15u};
  if (committed_.last().IsNone()) {
    committed_.Reset(position.index, link);
    committed_in_.clear();
  } else {
    Report("snapshot-truth", NodeId(), "a snapshot covers what is not committed");
  }
  return link;
}

void ClusterChecker::OnDurable(NodeId id, const Persist& done) {
  Node& node = Find(id);
  if (done.vote.has_value()) node.disk_vote = *done.vote;
  if (done.snapshot.has_value()) {
    const Position last = done.snapshot->last;
    const ChainLog::Link link = LinkAt(last);
    const bool keeps = done.keeps_log && node.disk.Holds(last.index);
    if (!keeps) node.disk.Reset(last.index, link);
  }
  for (const Entry& entry : done.entries) {
    if (entry.index <= node.disk.base() || entry.index > node.disk.last().Next()) {
      return Report("contiguous-disk", id,
                    "entry " + std::to_string(entry.index.value()) +
                        " is written behind a log that ends at " +
                        std::to_string(node.disk.last().value()));
    }
    node.disk.TruncateFrom(entry.index);
    node.disk.Append(entry);
  }
}

void ClusterChecker::OnDiskCut(NodeId id, Index from) {
  Node& node = Find(id);
  node.disk.TruncateFrom(from);
  // What it acknowledged is not there any more; the rules of damage take over.
  node.acknowledged = {};
}

void ClusterChecker::OnDiskWiped(NodeId id) {
  Node& node = Find(id);
  node.disk = ChainLog();
  node.disk_vote = Vote();
  node.is_wiped = true;
  node.acknowledged = {};
}

void ClusterChecker::OnDiskReplaced(NodeId id, Position base) {
  Node& node = Find(id);
  node.disk.Reset(base.index, LinkAt(base));
  node.acknowledged = {};
}

void ClusterChecker::OnStart(const Raft& core) {
  Node& node = Find(core.id());
  node.is_up = true;
  const Position last = core.log().last();
  const bool is_as_written = last.index == node.disk.last() &&
                             (last.index.IsNone() || last.term == node.disk.At(last.index).term);
  if (!is_as_written) {
    Report("disk-truth", node.id,
           "it starts with a log up to " + std::to_string(last.index.value()) +
               "; what was written ends at " + std::to_string(node.disk.last().value()));
  }
  if (core.vote() != node.disk_vote) {
    Report("disk-truth", node.id, "it starts with a vote that was not written");
  }
  node.log = node.disk;
  node.configs = core.configs();
  node.role = core.role();
  node.vote = core.vote();
  node.commit = core.commit();
  node.delivered = core.delivered();
  node.applied = core.applied();
  node.unapplied_bytes = core.unapplied_bytes();
  node.told_to_campaign = node.is_asked_unforced = node.leader_is_gone = false;
  node.inputs = 0;
  node.now = node.heard_at = Instant();
  node.leader = node.heard_from = NodeId();
  node.campaign = Campaign();
  node.reads.clear();
  node.peers.clear();
}

void ClusterChecker::OnStop(NodeId id) {
  Node& node = Find(id);
  node.is_up = false;
  node.peers.clear();
}

void ClusterChecker::OnInput(const Raft& core, const Input& input) {
  Node& node = Find(core.id());
  node.now = std::max(node.now, input.now);
  ++node.inputs;
  if (const auto* reads = std::get_if<ReadRequest>(&input.event)) {
    for (const ReadId& read : reads->ids) node.reads.push_back({read.sequence, committed()});
    return;
  }
  HearLeader(node, input);
  const auto* message = std::get_if<Message>(&input.event);
  if (message == nullptr || !IsWellFormed(*message)) return;
  if (const auto* reply = std::get_if<VoteReply>(&message->body)) {
    const Campaign& campaign = node.campaign;
    const bool counts = reply->granted && reply->pre == campaign.pre &&
                        reply->for_term == campaign.for_term && reply->round == campaign.round;
    if (counts) node.campaign.granted_by.push_back(message->from);
  } else if (std::holds_alternative<TimeoutNow>(message->body)) {
    node.told_to_campaign = true;
  } else {
    HearReply(node, core, input);
  }
}

void ClusterChecker::OnStep(const Raft& core, const Output& out) {
  Node& node = Find(core.id());
  config_before_ = node.configs.current_ptr();
  config_before_step_ = node.configs.current_index();
  CheckVote(node, core);
  // An election is judged by the log and the config as they were before the winner added to them.
  CheckRole(node, core);
  MirrorLog(node, core, out.persist);
  CheckCommit(node, core);
  CheckDurability(node, core);
  CheckApply(node, core, out);
  CheckReads(node, core, out);
  if (core.role() == Role::kLeader) CheckPeers(node, core);
  CheckBounds(node, core, out);
  CheckApplyBounds(node, core, out);
  CheckFitness(core, out);
  CheckStickiness(node, core, out);
  FollowCampaign(node, core, out);
  node.role = core.role();
  node.vote = core.vote();
  node.unapplied_bytes = core.unapplied_bytes();
  node.commit_at_broadcast = core.commit_at_broadcast();
  node.told_to_campaign = node.is_asked_unforced = false;
  node.inputs = 0;
}

void ClusterChecker::OnSend(const Message& message) {
  Node& node = Find(message.from);
  if (const auto* request = std::get_if<VoteRequest>(&message.body)) {
    if (!request->pre) CheckVoteSent(node, request->for_term, message.from);
  } else if (const auto* reply = std::get_if<VoteReply>(&message.body)) {
    if (reply->granted && !reply->pre) CheckVoteSent(node, reply->for_term, message.to);
    if (reply->granted && node.is_wiped) {
      Report("wiped-is-inert", node.id, "it lost its votes and grants one under its old id");
    }
  } else if (const auto* append = std::get_if<AppendRequest>(&message.body)) {
    CheckAppendSent(node, message, *append);
  } else if (const auto* ack = std::get_if<AppendReply>(&message.body)) {
    if (ack->success) CheckAckSent(node, message, *ack);
  }
}

}  // namespace keel::raft
