#include "server/join.h"

#include <algorithm>

namespace keel::server {

Result<Identity> FindSelf(const node::Introduction& answer, const Applicant& who) {
  if (answer.cluster_token != who.token) {
    return FailedPrecondition("the member " + answer.name +
                              " belongs to the cluster with the token \"" + answer.cluster_token +
                              "\", this one to \"" + who.token +
                              "\": mend --initial-cluster-token");
  }
  const node::ConfigAndMembers cluster = node::DecodeConfigEntry(answer.config);
  if (answer.phase != node::MemberPhase::kMember || answer.cluster_id == 0 ||
      !cluster.membership.has_value()) {
    return Unavailable("the member " + answer.name + " does not know its cluster yet");
  }
  for (const node::MemberInfo& member : cluster.membership->members()) {
    if (cluster.config->Find(member.id) == nullptr) continue;  // it was removed from here
    const bool is_here =
        std::any_of(member.peer_urls.begin(), member.peer_urls.end(), [&](const std::string& url) {
          return std::find(who.peer_urls.begin(), who.peer_urls.end(), url) != who.peer_urls.end();
        });
    if (!is_here) continue;
    if (member.id == who.member) return Identity{member.id, answer.cluster_id};
    if (!member.name.empty()) {
      return FailedPrecondition(
          "the member " + member.name +
          " at this address has run before, and this directory is "
          "empty: a member that lost its directory must not come back under its old id; run "
          "`keelctl member replace " +
          member.name + "`, or etcdctl member remove and add");
    }
    return Identity{member.id, answer.cluster_id};
  }
  return Unavailable("the cluster has no member at " +
                     (who.peer_urls.empty() ? std::string("no address") : who.peer_urls[0]) +
                     ": add it first (etcdctl member add " + who.name + " --peer-urls=...)");
}

}  // namespace keel::server
