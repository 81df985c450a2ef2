#include "server/node/publisher.h"

#include <utility>

namespace keel::node {

void Publisher::Start() {
  options_.role->Post([this] { Look(); });
}

void Publisher::LookLater() {
  options_.role->PostAfter(options_.retry_us, [this] { Look(); });
}

void Publisher::Look() {
  const NodeStatus status = options_.node->status();
  const MemberInfo* known = status.membership->Find(status.id);
  // It has yet to hear of itself, or of anybody who could write it down.
  if (known == nullptr || status.leader.IsNone()) return LookLater();
  if (known->name == options_.self.name && known->client_urls == options_.self.client_urls) {
    done_ = true;
    return;
  }
  MemberInfo self = *known;  // the peers' addresses are changed by others alone
  self.name = options_.self.name;
  self.client_urls = options_.self.client_urls;
  Publish(std::move(self), /*claims=*/known->name.empty());
}

void Publisher::Publish(MemberInfo self, bool claims) {
  Node::MemberChange change;
  change.claims = claims;
  if (std::exchange(self.votes_once_started, false)) {
    change.ops.push_back({.kind = raft::ConfigOpKind::kPromoteWhenCaughtUp, .id = self.id});
  }
  change.members.push_back(std::move(self));
  options_.node->ChangeMembers(std::move(change), [this](const ProposalOutcome& outcome) {
    const auto* dropped = std::get_if<Dropped>(&outcome);
    if (dropped == nullptr || dropped->config != raft::ConfigRefusal::kIdUsedBefore) {
      return LookLater();
    }
    // By another one; or by this one, whose answer was lost.
    const NodeStatus status = options_.node->status();
    const MemberInfo* known = status.membership->Find(status.id);
    const bool taken =
        known != nullptr && !known->name.empty() && known->name != options_.self.name;
    if (taken && options_.on_taken) return options_.on_taken();
    LookLater();
  });
}

}  // namespace keel::node
