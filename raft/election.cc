// Elections: pre-vote, vote, stickiness, priorities (Raft §5.2, §5.4.1; dissertation §4.2.3, §9.6).
#include <algorithm>

#include "base/check.h"
#include "base/mutant.h"
#include "raft/raft.h"

namespace keel::raft {

namespace {

constexpr std::string_view kLogIsBehind = "the log is not up to date";

}  // namespace

void Raft::ResetElectionTimer() {
  const DurationMs timeout_ms = options_.election_timeout_ms;
  const DurationMs spread_ms = prng_.Below(timeout_ms);
  election_due_ = now_ + timeout_ms + spread_ms + PriorityRank() * timeout_ms / 2;
}

// The leader's process is gone. Others may take a moment longer to find out and refuse us until
// they do; a pre-vote changes nothing, so it may be tried again soon.
void Raft::HurryElection() {
  const DurationMs jitter_ms = options_.dead_leader_jitter_ms;
  election_due_ = now_ + 1 + prng_.Below(jitter_ms + 1) + PriorityRank() * jitter_ms;
}

// All who find their leader dead hurry at once, and a vote takes its disk longer than they differ:
// two that win the pre-vote would split the votes, and the term would end with an election timeout.
// So whoever helps another waits for it; of two that help each other, the lower id.
void Raft::YieldTo(NodeId other) {
  if (role_ == Role::kPreCandidate) {
    if (other < id()) return;
    BecomeFollower(term(), NodeId(), "another hurries too");
  }
  const DurationMs jitter_ms = options_.dead_leader_jitter_ms;
  election_due_ = now_ + 2 * jitter_ms + prng_.Below(jitter_ms + 1);
}

bool Raft::MayCampaign() const {
  if (removed_ || state_lost_ || health() != Health::kWhole || IsDiskStalled()) return false;
  if (term().value() >= kOrdinalMax) return false;  // only a lying peer can have brought us here
  const Member* self = config().Find(id());
  if (KEEL_MUTANT(kRemovedLeaderWedges20) && self != nullptr && !self->votes) return false;
  // While our own removal is not known to be committed, ours may be the only log that can still
  // win: we are needed until then (dissertation §4.2.2).
  const bool is_leaving = self == nullptr || !self->IsVoter();
  if (is_leaving && configs_.current_index() > commit_) {
    self = configs_.At(configs_.current_index().Prev())->Find(id());
  }
  if (self == nullptr || !self->IsVoter()) return false;
  return self->priority > 0 || log_is_needed_;
}

// How many steps of priority stand above ours: each makes us wait longer before we campaign.
uint32_t Raft::PriorityRank() const {
  constexpr uint32_t kRankMax = 3;
  const Member* self = config().Find(id());
  if (self == nullptr) return 0;
  std::vector<uint32_t> above;
  for (const Member& member : config().members()) {
    if (member.IsVoter() && member.priority > self->priority) above.push_back(member.priority);
  }
  if (above.empty()) return 0;
  std::sort(above.begin(), above.end());
  const auto distinct = std::unique(above.begin(), above.end()) - above.begin();
  return std::min(static_cast<uint32_t>(distinct), kRankMax);
}

void Raft::OnElectionTimeout() {
  if (!MayCampaign()) {
    if (role_ != Role::kFollower) BecomeFollower(term(), NodeId(), "it may no longer campaign");
    ResetElectionTimer();
    return;
  }
  StartPreVote(leader_is_dead_ ? "its leader died" : "no word from a leader");
}

void Raft::StartPreVote(std::string_view why) {
  narrate_("asks for pre-votes for term ", term().Next(), ": ", why);
  role_ = Role::kPreCandidate;
  leader_ = NodeId();
  leader_is_dead_ = false;
  DropForwardedReads(ReadRefusal::kLeaderChanged);
  AskForVotes(/*pre=*/true, /*forced=*/false);
}

void Raft::StartElection(bool forced) {
  KEEL_CHECK(term().value() < kOrdinalMax) << "terms do not run out";
  SetVote({term().Next(), id()});
  narrate_("asks for votes at term ", term());
  role_ = Role::kCandidate;
  leader_ = NodeId();
  leader_is_dead_ = false;
  DropForwardedReads(ReadRefusal::kLeaderChanged);
  AskForVotes(/*pre=*/false, forced);
}

void Raft::AskForVotes(bool pre, bool forced) {
  if (!KEEL_MUTANT(kOldPreVotes26) || !pre) campaign_.ballots.clear();
  ++campaign_.round;
  verified_ = commit_;
  heal_from_ = Index();
  ResetElectionTimer();
  if (pre && now_ < hurry_until_) HurryElection();
  const VoteRequest request{.pre = pre,
                            .forced = forced,
                            .for_term = pre ? term().Next() : term(),
                            .round = campaign_.round,
                            .last = log_.last()};
  for (const Member& member : config().members()) {
    if (!member.IsVoter() || member.id == id()) continue;
    // A vote request says that we have voted for ourselves. Sent before that is durable, a crash
    // would let us ask again in the same term, with another log.
    const bool promises = !pre && !KEEL_MUTANT(kVoteRequestEarly53);
    promises ? Promise(member.id, request) : Send(member.id, request);
  }
  // A pre-vote promises nothing; our own vote counts once it is durable.
  if (pre || KEEL_MUTANT(kVoteRequestEarly53)) RecordBallot(id(), true);
  CountBallots();
}

void Raft::OnVoteRequest(const Message& message, const VoteRequest& request) {
  const std::string_view objection = WhyNoVote(message, request);
  // Whoever asks lacks what we hold, and may never win: our own log may be the only one that can.
  if (objection == kLogIsBehind) log_is_needed_ = true;
  const bool removed = IsRemovedForGood(message.from);
  const VoteReply reply{.pre = request.pre,
                        .granted = objection.empty(),
                        .removed = removed,
                        .for_term = request.for_term,
                        .round = request.round};
  if (!objection.empty()) {
    narrate_("refuses ", message.from, " its ", request.pre ? "pre-vote" : "vote", " for term ",
             request.for_term, ": ", objection);
  }
  if (request.pre) {
    if (KEEL_MUTANT(kPreVoteDeadlock25) && request.for_term <= term()) return;
    if (reply.granted && now_ < hurry_until_) YieldTo(message.from);
    return Send(message.from, reply);
  }
  // A candidate that is not heard does not move our term either: that is what protects a leader.
  const bool is_heard = request.forced || !IsSticky() || KEEL_MUTANT(kRemovedDisrupts21);
  if (request.for_term > term() && !removed && is_heard) {
    BecomeFollower(request.for_term, NodeId(), "a candidate asks");
  }
  if (!reply.granted) return Send(message.from, reply);
  narrate_("votes for ", message.from, " at term ", request.for_term);
  SetVote({request.for_term, message.from});
  ResetElectionTimer();
  Promise(message.from, reply);
}

// Empty if nothing speaks against it.
std::string_view Raft::WhyNoVote(const Message& message, const VoteRequest& request) const {
  if (IsRemovedForGood(message.from)) return "it was removed from the cluster";
  if (health() != Health::kWhole) return "not whole itself";
  if (request.for_term < term()) return "the term is past";
  if (request.pre && request.for_term == term()) return "the term has begun";
  if (!request.forced && IsSticky() && !KEEL_MUTANT(kRemovedDisrupts21)) {
    return "a leader is at work";
  }
  if (!request.pre && request.for_term == term()) {
    if (role_ == Role::kLeader) return "it leads this term itself";
    if (!vote_.candidate.IsNone() && vote_.candidate != message.from) return "it has voted";
    if (!leader_.IsNone()) return "the term has a leader";
  }
  if (!IsAtLeastAsUpToDate(request.last, log_.last())) return kLogIsBehind;
  return "";
}

// Whether a leader is known to be at work, or was promised that no other would be helped.
bool Raft::IsSticky() const {
  if (now_ < lease_kept_until_) return true;
  if (role_ == Role::kLeader) return true;
  if (leader_.IsNone() || leader_is_dead_) return false;
  return now_ < heard_at_ + options_.election_timeout_ms;
}

bool Raft::IsRemovedForGood(NodeId candidate) const {
  if (KEEL_MUTANT(kRemovedDisrupts21)) return false;
  return config().WasRemoved(candidate) && configs_.At(commit_)->WasRemoved(candidate);
}

void Raft::OnVoteReply(const Message& message, const VoteReply& reply) {
  const Role asking = reply.pre ? Role::kPreCandidate : Role::kCandidate;
  if (role_ != asking) return;
  if (reply.for_term != (reply.pre ? term().Next() : term())) return;
  if (reply.round != campaign_.round && !KEEL_MUTANT(kOldPreVotes26)) return;
  if (reply.removed) return OnRemoved();
  RecordBallot(message.from, reply.granted);
  CountBallots();
}

void Raft::RecordBallot(NodeId voter, bool granted) {
  if (KEEL_MUTANT(kJointNoSelfVote17) && voter == id() && config().IsJoint()) return;
  for (const RecordedBallot& ballot : campaign_.ballots) {
    if (ballot.voter == voter) return;
  }
  campaign_.ballots.push_back({voter, granted});
}

void Raft::CountBallots() {
  const Verdict verdict = CountVotes(VotingConfig(), [this](NodeId voter) {
    for (const RecordedBallot& ballot : campaign_.ballots) {
      if (ballot.voter == voter) return ballot.granted ? Ballot::kYes : Ballot::kNo;
    }
    return Ballot::kMissing;
  });
  if (verdict == Verdict::kLost) {
    const bool was_pre = role_ == Role::kPreCandidate;
    BecomeFollower(term(), NodeId(), "the campaign is lost");
    ResetElectionTimer();
    if (was_pre && now_ < hurry_until_) HurryElection();
  } else if (verdict == Verdict::kWon && role_ == Role::kPreCandidate) {
    StartElection(/*forced=*/false);
  } else if (verdict == Verdict::kWon && role_ == Role::kCandidate) {
    BecomeLeader();
  }
}

void Raft::OnRemoved() {
  if (removed_) return;
  removed_ = true;
  narrate_("learns that it was removed");
  out_->notices.push_back({NoticeKind::kRemoved, id()});
  if (role_ != Role::kFollower) BecomeFollower(term(), NodeId(), "it was removed");
}

}  // namespace keel::raft
