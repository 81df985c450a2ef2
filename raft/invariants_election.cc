// Rules on votes, campaigns and leadership (Raft §5.2, §5.4.1).
#include <algorithm>

#include "raft/invariants.h"

namespace keel::raft {

namespace {

std::string OfTerm(Term term) { return "term " + std::to_string(term.value()); }

}  // namespace

void ClusterChecker::CheckVote(const Node& node, const Raft& core) {
  const Vote& vote = core.vote();
  if (vote.term < node.vote.term) {
    Report("term-forward", node.id, "it goes back to " + OfTerm(vote.term));
  }
  const bool had_voted = vote.term == node.vote.term && !node.vote.candidate.IsNone();
  if (had_voted && vote.candidate != node.vote.candidate) {
    Report("one-vote", node.id, "its vote of " + OfTerm(vote.term) + " changes");
  }
}

void ClusterChecker::CheckRole(Node& node, const Raft& core) {
  const bool same_term = core.term() == node.vote.term;
  const Role role = core.role();
  if (node.role == Role::kLeader && role != Role::kLeader) {
    if (same_term) CheckResigned(node, core);
    node.peers.clear();
  }
  if (role == Role::kCandidate && (node.role != Role::kCandidate || !same_term)) {
    CheckBecameCandidate(node, core);
  }
  if (role == Role::kLeader && (node.role != Role::kLeader || !same_term)) {
    CheckBecameLeader(node, core);
  }
}

bool ClusterChecker::HasWon(const Node& node, const Config& config, bool counts_self) const {
  return CountVotes(config, [&](NodeId voter) {
           if (voter == node.id) return counts_self ? Ballot::kYes : Ballot::kMissing;
           const auto& granted = node.campaign.granted_by;
           const bool is_in = std::find(granted.begin(), granted.end(), voter) != granted.end();
           return is_in ? Ballot::kYes : Ballot::kMissing;
         }) == Verdict::kWon;
}

void ClusterChecker::CheckBecameCandidate(const Node& node, const Raft& core) {
  if (node.told_to_campaign) return;
  const bool asked = node.campaign.pre && node.campaign.for_term == core.term();
  // A lone voter needs to ask nobody.
  const Config& config = node.configs.current();
  const bool is_alone = config.IsVoter(node.id) && config.VoterCount() == 1;
  if (!is_alone && (!asked || !HasWon(node, config, /*counts_self=*/true))) {
    Report("pre-vote-majority", node.id,
           "it stands for " + OfTerm(core.term()) + " without a majority of pre-votes");
  }
}

void ClusterChecker::CheckBecameLeader(Node& node, const Raft& core) {
  const Term term = core.term();
  const auto [known, is_new] = leaders_.emplace(term, node.id);
  if (!is_new) {
    Report("election-safety", node.id,
           OfTerm(term) + " was won before by " + std::to_string(known->second.value()));
  }
  const bool own_vote = node.disk_vote == Vote{term, node.id};
  if (!own_vote) {
    Report("vote-is-durable", node.id, "it leads before its own vote is durable");
  }
  const Config& config = node.configs.current();
  const bool is_alone = config.IsVoter(node.id) && config.VoterCount() == 1;
  const bool asked = !node.campaign.pre && node.campaign.for_term == term;
  if (!is_alone && (!asked || !HasWon(node, config, own_vote))) {
    Report("vote-majority", node.id, "it leads " + OfTerm(term) + " without a majority of votes");
  }
  // Leader completeness: all that was committed in earlier terms is in its log.
  const auto later = std::lower_bound(committed_in_.begin(), committed_in_.end(), term);
  const Index settled = committed_.base() + static_cast<uint64_t>(later - committed_in_.begin());
  if (settled > node.log.base() && !committed_.AgreesAt(node.log, settled)) {
    Report("leader-completeness", node.id,
           "it leads " + OfTerm(term) + " and lacks entry " + std::to_string(settled.value()) +
               ", which is committed");
  }
  node.peers.clear();
}

void ClusterChecker::FollowCampaign(Node& node, const Raft& core, const Output& out) {
  if (core.role() != Role::kPreCandidate && core.role() != Role::kCandidate) return;
  const auto follow = [&](const std::vector<Message>& messages) {
    for (const Message& message : messages) {
      const auto* request = std::get_if<VoteRequest>(&message.body);
      if (request == nullptr) continue;
      Campaign& campaign = node.campaign;
      const bool is_same = request->pre == campaign.pre && request->for_term == campaign.for_term &&
                           request->round == campaign.round;
      if (!is_same) campaign = {request->pre, request->for_term, request->round, {}};
    }
  };
  follow(out.send_now);
  follow(out.send_after_persist);
}

// Who is not whole has no vote to give, and stands for nothing; neither does who lost its state.
void ClusterChecker::CheckFitness(const Raft& core, const Output& out) {
  const bool is_whole = core.health() == Health::kWhole;
  if (is_whole && !core.state_lost()) return;
  const auto check = [&](const std::vector<Message>& messages) {
    for (const Message& message : messages) {
      const auto* reply = std::get_if<VoteReply>(&message.body);
      if (!is_whole && reply != nullptr && reply->granted) {
        Report("damaged-does-not-vote", core.id(), "it is not whole and grants a vote");
      }
      if (std::holds_alternative<VoteRequest>(message.body)) {
        Report("unfit-does-not-stand", core.id(), "it is not whole, or lost its state, and asks");
      }
    }
  };
  check(out.send_now);
  check(out.send_after_persist);
  if (core.role() != Role::kFollower) {
    Report("unfit-does-not-stand", core.id(), "it is not whole, or lost its state, and stands");
  }
}

// Notes what keeps a core faithful to its leader, and what frees it.
void ClusterChecker::HearLeader(Node& node, const Input& input) {
  if (const auto* lost = std::get_if<PeerLost>(&input.event)) {
    if (lost->refused) node.lost.push_back(lost->peer);
    return;
  }
  const auto* message = std::get_if<Message>(&input.event);
  if (message == nullptr) return;
  if (const auto* request = std::get_if<VoteRequest>(&message->body)) {
    node.is_asked_unforced = !request->forced;
  } else if (std::holds_alternative<AppendRequest>(message->body) ||
             std::holds_alternative<HeartbeatRequest>(message->body) ||
             std::holds_alternative<InstallSnapshot>(message->body)) {
    node.heard_from = message->from;
    node.heard_in = message->term;
    node.heard_at = input.now;
  }
}

// Dissertation §4.2.3: who has heard from its leader within the shortest election timeout, or
// leads, helps nobody else, unless the leader wants it so or its process is gone. It is what keeps
// removed and isolated members from disturbing a cluster that works.
void ClusterChecker::CheckStickiness(Node& node, const Raft& core, const Output& out) {
  if (node.inputs == 1 && node.is_asked_unforced) {
    const bool follows = !node.leader.IsNone() && node.leader == node.heard_from &&
                         node.heard_in == node.vote.term && !node.leader_is_gone &&
                         node.now < node.heard_at + core.options().election_timeout_ms;
    const auto check = [&](const std::vector<Message>& messages) {
      for (const Message& message : messages) {
        const auto* reply = std::get_if<VoteReply>(&message.body);
        if (reply == nullptr || !reply->granted) continue;
        if (!follows && node.role != Role::kLeader) continue;
        Report("sticks-to-leader", node.id,
               "it helps " + std::to_string(message.to.value()) + " against a leader at work");
      }
    };
    check(out.send_now);
    check(out.send_after_persist);
  }
  if (core.leader() != node.leader) node.leader_is_gone = false;
  node.leader = core.leader();
  for (const NodeId lost : node.lost) node.leader_is_gone |= lost == node.leader;
  node.lost.clear();
}

// A vote that leaves is on the disk, and is the only one of its term, for ever.
void ClusterChecker::CheckVoteSent(Node& node, Term for_term, NodeId candidate) {
  const Vote vote{for_term, candidate};
  if (node.disk_vote.term <= for_term && node.disk_vote != vote) {
    Report("vote-is-durable", node.id,
           "its vote of " + OfTerm(for_term) + " leaves before it is durable");
  }
  const auto at =
      std::lower_bound(node.promised.begin(), node.promised.end(), for_term,
                       [](const Vote& promised, Term term) { return promised.term < term; });
  if (at == node.promised.end() || at->term != for_term) {
    node.promised.insert(at, vote);
  } else if (at->candidate != candidate) {
    Report("one-vote", node.id,
           "it votes in " + OfTerm(for_term) + " for " + std::to_string(candidate.value()) +
               " and for " + std::to_string(at->candidate.value()));
  }
}

}  // namespace keel::raft
