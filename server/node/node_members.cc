// Changes of members, and what only the leader knows of leases: asked here, or handed to the
// leader.
#include <algorithm>
#include <utility>

#include "server/node/node.h"

namespace keel::node {

// ---- changes of members ----

void Node::ChangeMembers(MemberChange change, ProposalDone done) {
  seams_.roles.node->Post([this, change = std::move(change), done = std::move(done)]() mutable {
    if (stopping_) return std::move(done)(Dropped{DropReason::kShuttingDown});
    if (leading_) return ChangeHere(std::move(change), std::move(done));
    if (leader_.IsNone()) {
      return std::move(done)(Dropped{DropReason::kConfigRefused, raft::ConfigRefusal::kNotLeader});
    }
    const uint64_t number = next_change_++;
    handed_[number] = {.leader = leader_, .done = std::move(done)};
    seams_.transport->Send(leader_, Lane::kBulk,
                           MemberAsk{.boot = boot_,
                                     .sequence = number,
                                     .ops = std::move(change.ops),
                                     .members = Membership(std::move(change.members)).Encode(),
                                     .claims = change.claims});
  });
}

void Node::ChangeHere(MemberChange change, ProposalDone done) {
  // Names and addresses are whole in each entry: they must be those of the last one.
  if (core_->configs().current_index() > membership_known_) {
    return std::move(done)(
        Dropped{DropReason::kConfigRefused, raft::ConfigRefusal::kChangePending});
  }
  Membership membership = *membership_;
  for (MemberInfo& member : change.members) {
    const MemberInfo* known = membership.Find(member.id);
    if (change.claims && (known == nullptr || !known->name.empty())) {
      return std::move(done)(
          Dropped{DropReason::kConfigRefused, raft::ConfigRefusal::kIdUsedBefore});
    }
    membership.Set(std::move(member));
  }
  const raft::ConfigRefusal unwise =
      WhyUnwise(options_.reconfig, core_->config(), membership, change.ops, [this](NodeId id) {
        const auto& peers = core_->peers();
        const auto found = std::find_if(peers.begin(), peers.end(),
                                        [id](const raft::Progress& peer) { return peer.id == id; });
        if (found == peers.end()) return id == core_->id();
        return found->IsLively() && found->health == raft::Health::kWhole;
      });
  if (unwise != raft::ConfigRefusal::kNone) {
    return std::move(done)(Dropped{DropReason::kConfigRefused, unwise});
  }
  const uint64_t number = next_change_++;
  changes_[number].done = std::move(done);
  Feed(raft::ChangeConfig{
      .change = number, .ops = std::move(change.ops), .context = Payload::Of(membership.Encode())});
}

void Node::OnMemberAsk(NodeId from, const MemberAsk& ask) {
  auto tell = [this, from, told = MemberTold{.boot = ask.boot, .sequence = ask.sequence}](
                  const ProposalOutcome& outcome) mutable {
    if (const auto* applied = std::get_if<Applied>(&outcome)) {
      told.outcome = MemberTold::Outcome::kApplied;
      told.position = {applied->index, applied->term};
    } else if (const auto* dropped = std::get_if<Dropped>(&outcome)) {
      const bool refused = dropped->reason == DropReason::kConfigRefused;
      told.outcome = refused ? MemberTold::Outcome::kRefused : MemberTold::Outcome::kSuperseded;
      told.refusal = dropped->config;
    }
    seams_.transport->Send(from, Lane::kBulk, told);
  };
  const std::optional<Membership> members = Membership::Decode(ask.members);
  if (stopping_ || !leading_ || !members.has_value()) {
    return tell(Dropped{DropReason::kConfigRefused, raft::ConfigRefusal::kNotLeader});
  }
  ChangeHere({.ops = ask.ops, .members = members->members(), .claims = ask.claims},
             std::move(tell));
}

void Node::OnMemberTold(const MemberTold& told) {
  const auto found = handed_.find(told.sequence);
  if (told.boot != boot_ || found == handed_.end()) return;
  ProposalDone done = std::move(found->second.done);
  handed_.erase(found);
  switch (told.outcome) {
    case MemberTold::Outcome::kApplied:
      return std::move(done)(Applied{.index = told.position.index, .term = told.position.term});
    case MemberTold::Outcome::kRefused:
      return std::move(done)(Dropped{DropReason::kConfigRefused, told.refusal});
    case MemberTold::Outcome::kSuperseded:
      return std::move(done)(Dropped{DropReason::kSuperseded});
    case MemberTold::Outcome::kUnknown:
      return std::move(done)(Unknown{UnknownReason::kTimedOut});
  }
}

// Those that `leader` was told of, or all: what has come of them is not known.
void Node::EndHanded(NodeId leader, UnknownReason reason) {
  std::map<uint64_t, Handed> ended;
  for (auto it = handed_.begin(); it != handed_.end();) {
    const auto next = std::next(it);
    if (leader.IsNone() || it->second.leader == leader) ended.insert(handed_.extract(it));
    it = next;
  }
  for (auto& [number, handed] : ended) std::move(handed.done)(Unknown{reason});
}

void Node::OnConfigResult(const raft::ConfigChangeResult& result) {
  const auto found = changes_.find(result.change);
  if (found == changes_.end()) return;
  if (result.refusal == raft::ConfigRefusal::kNone) {
    found->second.position = {result.index, result.term};
    return;
  }
  ProposalDone done = std::move(found->second.done);
  changes_.erase(found);
  std::move(done)(Dropped{DropReason::kConfigRefused, result.refusal});
}

// A change is done when its entry is applied, and lost when another one is in its place.
void Node::SettleChanges() {
  for (auto it = changes_.begin(); it != changes_.end();) {
    const raft::Position position = it->second.position;
    if (position.index.IsNone() || position.index > core_->applied()) {
      ++it;
      continue;
    }
    ProposalDone done = std::move(it->second.done);
    it = changes_.erase(it);
    const std::optional<Term> term = core_->log().TermAt(position.index);
    if (!term.has_value()) {
      std::move(done)(Unknown{UnknownReason::kOvertaken});
    } else if (*term == position.term) {
      std::move(done)(Applied{.index = position.index, .term = position.term});
    } else {
      std::move(done)(Dropped{DropReason::kSuperseded});
    }
  }
}

void Node::EndChanges(const ProposalOutcome& outcome) {
  for (auto& [number, change] : std::exchange(changes_, {})) std::move(change.done)(outcome);
}

// At opening: what the state says of the members, or else what the member record does.
void Node::NoteMembers() {
  membership_known_ = core_->applied();
  for (const std::string& entry : {apply_.machine().membership(), files_->record().config}) {
    if (TakeMembership(entry)) return;
  }
}

void Node::NoteMembership(const std::string& config, Index known) {
  membership_known_ = std::max(membership_known_, known);
  (void)TakeMembership(config);
}

// False if the entry says nothing of names and addresses.
bool Node::TakeMembership(const std::string& config) {
  ConfigAndMembers decoded = DecodeConfigEntry(config);
  if (!decoded.membership.has_value()) return false;
  // Whoever was removed is nobody's to be found again: the entry that removed it still names it.
  decoded.membership->Prune(*decoded.config);
  membership_ = std::make_shared<const Membership>(std::move(*decoded.membership));
  return true;
}

// ---- leases ----

void Node::RenewLease(kv::LeaseId id, LeaseAnswerDone done) {
  seams_.roles.node->Post([this, id, done = std::move(done)]() mutable {
    if (stopped_) return std::move(done)(LeaseAnswer{});
    lease_asks_.Add({.lease = id, .renews = true}, std::move(done), NowMs());
  });
}

void Node::LeaseRemaining(kv::LeaseId id, LeaseAnswerDone done) {
  seams_.roles.node->Post([this, id, done = std::move(done)]() mutable {
    if (stopped_) return std::move(done)(LeaseAnswer{});
    lease_asks_.Add({.lease = id}, std::move(done), NowMs());
  });
}

void Node::SendLeaseAsk(NodeId leader, const LeaseAsk& ask) {
  if (leader != core_->id()) return seams_.transport->Send(leader, LaneOf(ask), ask);
  AnswerLease(ask, [this, ask](const LeaseAnswer& answer) {
    lease_asks_.OnTold(core_->id(), {.boot = ask.boot,
                                     .sequence = ask.sequence,
                                     .leads = answer.led,
                                     .found = answer.found,
                                     .seconds = answer.seconds});
  });
}

void Node::OnLeaseAsk(NodeId from, const LeaseAsk& ask) {
  AnswerLease(ask, [this, from, ask](const LeaseAnswer& answer) {
    const LeaseTold told{.boot = ask.boot,
                         .sequence = ask.sequence,
                         .leads = answer.led,
                         .found = answer.found,
                         .seconds = answer.seconds};
    seams_.transport->Send(from, LaneOf(told), told);
  });
}

// By this node's own clock, if it leads; `done` comes on the node role, later. A leader that has
// been paused or cut off may not know yet that another one leads: only one that has made sure of
// its leadership since the question may answer.
void Node::AnswerLease(const LeaseAsk& ask, LeaseAnswerDone done) {
  if (!leading_) {
    return seams_.roles.node->Post(
        [done = std::move(done)]() mutable { std::move(done)(LeaseAnswer{}); });
  }
  Read([this, ask, term = term_, done = std::move(done)](const ReadOutcome& outcome,
                                                         const ReadTimes&) mutable {
    const bool leads = leading_ && term_ == term &&
                       std::holds_alternative<std::shared_ptr<const kv::ReadView>>(outcome);
    if (!leads) return std::move(done)(LeaseAnswer{});
    AskClock(ask, std::move(done));
  });
}

void Node::AskClock(const LeaseAsk& ask, LeaseAnswerDone done) {
  auto tell = [this, done = std::move(done)](LeaseAnswer answer) mutable {
    seams_.roles.node->Post(
        [done = std::move(done), answer]() mutable { std::move(done)(std::move(answer)); });
  };
  if (ask.renews) {
    return apply_.Renew(ask.lease, [tell = std::move(tell)](const Renewal& renewal) mutable {
      tell({.led = renewal.result != RenewalResult::kNotLeader,
            .found = renewal.result == RenewalResult::kRenewed,
            .seconds = renewal.ttl_s});
    });
  }
  apply_.RemainingS(ask.lease, [tell = std::move(tell)](std::optional<int64_t> left) mutable {
    const bool found = left.value_or(-1) >= 0;
    tell({.led = left.has_value(),
          .found = found,
          .seconds = found ? static_cast<uint64_t>(*left) : 0});
  });
}

}  // namespace keel::node
