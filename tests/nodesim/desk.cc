#include "tests/nodesim/desk.h"

#include <utility>

namespace keel::nodesim {

using node_test::SimMember;

uint64_t Desk::Enter(std::string_view what, const SimMember* member,
                     std::function<void()> on_died) {
  ++tally_.offered;
  const uint64_t request = next_request_++;
  open_[request] = {what, member, std::move(on_died)};
  return request;
}

std::string Desk::WhyNotIdle() const {
  if (open_.empty()) return "";
  const Open& oldest = open_.begin()->second;
  return "a " + std::string(oldest.what) + " at member " +
         std::to_string(oldest.member->id().value()) + " has no outcome";
}

bool Desk::Leave(uint64_t request) {
  if (open_.erase(request) == 1) return true;
  Report("one-outcome", "a request has two outcomes, or one from a process that is gone");
  return false;
}

void Desk::Tally(const node::ProposalOutcome* outcome) {
  if (outcome == nullptr || std::holds_alternative<node::Unknown>(*outcome)) {
    ++tally_.unknown;
  } else if (std::holds_alternative<node::Dropped>(*outcome)) {
    ++tally_.refused;
  } else {
    ++tally_.acknowledged;
    ++tally_.acknowledged_writes;
  }
}

void Desk::Propose(SimMember* member, kv::Command command, ProposalEnd end) {
  const uint64_t request = Enter("proposal", member, [this, end] {
    Tally(nullptr);
    end(nullptr);
  });
  member->node().Propose({.command = kv::EncodeCommand(command)},
                         [this, request, end](const node::ProposalOutcome& outcome) {
                           if (!Leave(request)) return;
                           Tally(&outcome);
                           end(&outcome);
                         });
}

void Desk::Read(SimMember* member, ReadEnd end) {
  const uint64_t request = Enter("read", member, [end] { end(nullptr); });
  member->node().Read(
      [this, request, end](const node::ReadOutcome& outcome, const node::ReadTimes&) {
        if (!Leave(request)) return;
        const bool is_refused = std::holds_alternative<raft::ReadRefusal>(outcome);
        is_refused ? ++tally_.refused : ++tally_.acknowledged;
        end(&outcome);
      });
}

void Desk::Renew(SimMember* member, kv::LeaseId lease, RenewalEnd end) {
  const uint64_t request = Enter("renewal", member, [end] { end(nullptr); });
  member->node().RenewLease(lease, [this, request, end](const node::LeaseAnswer& answer) {
    if (!Leave(request)) return;
    answer.led ? ++tally_.acknowledged : ++tally_.refused;
    end(&answer);
  });
}

void Desk::OnEnded(const SimMember* member) {
  for (auto it = open_.begin(); it != open_.end();) {
    if (it->second.member != member) {
      ++it;
      continue;
    }
    const std::function<void()> on_died = std::move(it->second.on_died);
    it = open_.erase(it);
    on_died();
  }
}

SimMember* Desk::Pick(bool leader) {
  node_test::SimCluster& cluster = *options_.cluster;
  std::vector<SimMember*> up;
  for (size_t i = 0; i < cluster.size(); ++i) {
    SimMember& member = cluster.at(i);
    if (!member.IsUp() || member.node().core().config().IsEmpty()) continue;
    if (leader && member.node().core().role() == raft::Role::kLeader && prng_.OneIn(2)) {
      return &member;
    }
    up.push_back(&member);
  }
  return up.empty() ? nullptr : up[prng_.Below(up.size())];
}

void Desk::After(uint64_t delay_us, std::function<void()> task) {
  executor_.PostAfter(delay_us, Task([task = std::move(task)] { task(); }));
}

}  // namespace keel::nodesim
