// The members of the cluster: who they are, and how they come and go.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "client/async.h"
#include "client/client.h"
#include "client/types.h"

namespace keel::client {

struct Member {
  NodeId id;
  std::string name;  // empty until the member has started
  std::vector<std::string> peer_urls;
  std::vector<std::string> client_urls;  // empty until the member has started
  bool learner = false;
};

struct MemberListRequest {
  bool linearizable = true;
};
struct MemberAddRequest {
  std::vector<std::string> peer_urls;
  bool learner = false;
};
struct MemberRemoveRequest {
  NodeId id;
};
struct MemberUpdateRequest {
  NodeId id;
  std::vector<std::string> peer_urls;
};
struct MemberPromoteRequest {
  NodeId id;
};
struct MembersResult {
  Header header;
  // Of an add, the new one.
  Member member;
  // All, as they are now.
  std::vector<Member> members;
};

class Cluster {
 public:
  explicit Cluster(const Client* client, ViewOptions options = {})
      : view_(client, std::move(options)) {}

  KEEL_CLIENT_OPERATION(Result<MembersResult>, List, MemberListRequest);
  KEEL_CLIENT_OPERATION(Result<MembersResult>, Add, MemberAddRequest);
  KEEL_CLIENT_OPERATION(Result<MembersResult>, Remove, MemberRemoveRequest);
  KEEL_CLIENT_OPERATION(Result<MembersResult>, Update, MemberUpdateRequest);
  KEEL_CLIENT_OPERATION(Result<MembersResult>, Promote, MemberPromoteRequest);

 private:
  View view_;
};

}  // namespace keel::client
