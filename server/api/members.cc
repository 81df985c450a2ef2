#include "server/api/members.h"

#include <algorithm>
#include <utility>

namespace keel::api {

namespace {

bool IsPeerUrl(std::string_view url) {
  const bool plain = url.starts_with("http://");
  if (!plain && !url.starts_with("https://")) return false;
  url.remove_prefix(plain ? 7 : 8);
  const size_t colon = url.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view port = url.substr(colon + 1);
  const bool digits =
      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  return !port.empty() && port.size() <= 5 && digits &&
         url.find_first_of("/ ?#") == std::string_view::npos;
}

}  // namespace

bool Members::Has(NodeId id) const {
  const raft::Member* member = config == nullptr ? nullptr : config->Find(id);
  return member != nullptr && (member->votes || member->learns);
}

bool Members::IsLearner(NodeId id) const {
  const raft::Member* member = config == nullptr ? nullptr : config->Find(id);
  return member != nullptr && member->learns && !member->votes && !member->promote_when_caught_up &&
         !InfoOf(id).votes_once_started;
}

node::MemberInfo Members::InfoOf(NodeId id) const {
  const node::MemberInfo* info = infos.Find(id);
  return info == nullptr ? node::MemberInfo{.id = id} : *info;
}

void Members::Write(google::protobuf::RepeatedPtrField<etcdserverpb::Member>* to) const {
  if (config == nullptr) return;
  for (const raft::Member& member : config->members()) {
    if (!Has(member.id)) continue;
    const node::MemberInfo info = InfoOf(member.id);
    etcdserverpb::Member* added = to->Add();
    added->set_id(member.id.value());
    added->set_name(info.name);
    for (const std::string& url : info.peer_urls) added->add_peerurls(url);
    for (const std::string& url : info.client_urls) added->add_clienturls(url);
    added->set_islearner(IsLearner(member.id));
  }
}

void FindMembers(const CorePtr& core, node::Once<Members> done) {
  core->node().RunOnApply(
      [core, done = std::move(done)](const node::StateMachine& machine) mutable {
        node::ConfigAndMembers applied = node::DecodeConfigEntry(machine.membership());
        Members members;
        if (applied.config != nullptr && applied.membership.has_value()) {
          members = {.config = applied.config, .infos = std::move(*applied.membership)};
        } else {
          // Nothing has changed since the cluster began.
          const node::NodeStatus status = core->node().status();
          members = {.config = status.config, .infos = *status.membership};
        }
        core->ToTransport([done = std::move(done), members = std::move(members)]() mutable {
          std::move(done)(std::move(members));
        });
      });
}

bool ArePeerUrls(const google::protobuf::RepeatedPtrField<std::string>& urls) {
  return !urls.empty() && std::all_of(urls.begin(), urls.end(), IsPeerUrl);
}

}  // namespace keel::api
