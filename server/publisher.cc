#include "server/publisher.h"

#include <glog/logging.h>

#include <utility>

namespace keel::server {

std::optional<node::MemberInfo> Publisher::Difference(const node::NodeStatus& status,
                                                      const std::string& name,
                                                      const std::vector<std::string>& client_urls) {
  const node::MemberInfo* known =
      status.membership == nullptr ? nullptr : status.membership->Find(status.id);
  if (known == nullptr || (known->name == name && known->client_urls == client_urls)) {
    return std::nullopt;
  }
  node::MemberInfo wanted = *known;
  wanted.name = name;
  wanted.client_urls = client_urls;
  return wanted;
}

void Publisher::Look() {
  const node::NodeStatus status = options_.node->status();
  std::optional<node::MemberInfo> wanted = Difference(status, options_.name, options_.client_urls);
  const bool is_known =
      status.membership != nullptr && status.membership->Find(status.id) != nullptr;
  if (is_known && !wanted.has_value()) return;
  if (wanted.has_value() && !status.leader.IsNone()) {
    LOG(INFO) << "event=publish name=" << options_.name;
    options_.node->ChangeMembers({.members = {*std::move(wanted)}},
                                 [](const node::ProposalOutcome&) {});
  }
  options_.executor->PostAfter(options_.retry_us, [this] { Look(); });
}

}  // namespace keel::server
