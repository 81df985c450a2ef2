#include "server/quota.h"

#include <glog/logging.h>

namespace keel::server {

void Quota::Look() {
  options_.executor->PostAfter(options_.look_every_us, [this] { Look(); });
  if (options_.node->status().role != raft::Role::kLeader) return;
  options_.node->RunOnApply([this](const node::StateMachine& machine) {
    const auto& rules = machine.store().rules().rules();
    const auto whole = rules.find("");
    if (whole != rules.end() && whole->second.quota_bytes == options_.bytes) return;
    Ask();
  });
}

void Quota::Ask() {
  LOG(INFO) << "event=quota bytes=" << options_.bytes;
  options_.node->Propose(
      {.command = kv::EncodeCommand({.operation = kv::PrefixRuleOp{.quota_bytes = options_.bytes}}),
       .essential = true,
       .local_only = true},
      [](const node::ProposalOutcome&) {});
}

}  // namespace keel::server
