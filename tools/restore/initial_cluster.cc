#include "tools/restore/initial_cluster.h"

#include <algorithm>
#include <utility>

#include "backup/crypt.h"
#include "base/coding.h"
#include "raft/config.h"

namespace keel::restore {

namespace {

uint64_t Draw(std::string_view what, std::string_view seed) {
  backup::Sha256 sum;
  sum.Add(what);
  sum.Add(seed);
  const uint64_t drawn = DecodeFixed64(sum.Finish().data());
  return drawn == 0 ? 1 : drawn;
}

}  // namespace

Result<std::vector<node::MemberInfo>> ParseInitialCluster(std::string_view text) {
  std::vector<node::MemberInfo> members;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    const size_t equals = one.find('=');
    const std::string name(one.substr(0, equals));
    const std::string url(equals == std::string_view::npos ? std::string_view()
                                                           : one.substr(equals + 1));
    if (name.empty() || url.find("://") == std::string::npos) {
      return InvalidArgument("--initial-cluster: \"" + std::string(one) +
                             "\" is not NAME=http://HOST:PORT");
    }
    auto member = std::find_if(members.begin(), members.end(),
                               [&](const node::MemberInfo& known) { return known.name == name; });
    if (member == members.end()) {
      member = members.insert(members.end(), node::MemberInfo{.id = {}, .name = name});
    }
    member->peer_urls.push_back(url);
  }
  if (members.empty()) return InvalidArgument("--initial-cluster names no member");
  for (node::MemberInfo& member : members) std::ranges::sort(member.peer_urls);
  std::ranges::sort(members, {}, &node::MemberInfo::name);
  return members;
}

const node::MemberInfo* NewCluster::Find(std::string_view name) const {
  const auto found = std::ranges::find(members, name, &node::MemberInfo::name);
  return found == members.end() ? nullptr : &*found;
}

std::string NewCluster::ConfigEntry() const {
  std::vector<NodeId> voters;
  for (const node::MemberInfo& member : members) voters.push_back(member.id);
  return raft::Config::OfVoters(voters).Encode(node::Membership(members).Encode());
}

NewCluster DrawCluster(std::vector<node::MemberInfo> members, const Origin& origin) {
  std::string seed;
  AppendLengthPrefixed(&seed, origin.token);
  AppendLengthPrefixed(&seed, origin.snapshot_sum);
  for (const node::MemberInfo& member : members) {
    AppendLengthPrefixed(&seed, member.name);
    for (const std::string& url : member.peer_urls) AppendLengthPrefixed(&seed, url);
  }
  NewCluster cluster{.id = Draw("cluster", seed), .members = std::move(members)};
  for (node::MemberInfo& member : cluster.members) {
    member.id = NodeId(Draw("member " + member.name, seed));
  }
  return cluster;
}

}  // namespace keel::restore
