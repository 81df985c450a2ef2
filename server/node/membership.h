// Who the members are to people and to clients: names and addresses, beside the core's Config,
// which knows ids alone.
//
// It travels behind the config in the config's log entry, whole each time, and is part of the
// replicated state from there on. A value; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "raft/config.h"

namespace keel::node {

struct MemberInfo {
  NodeId id;
  std::string name;  // empty: added, and not yet started
  std::vector<std::string> peer_urls;
  std::vector<std::string> client_urls;
  // Added as a learner until it has started and said so: then it is promoted when it has caught up.
  bool votes_once_started = false;

  friend bool operator==(const MemberInfo&, const MemberInfo&) = default;
};

class Membership {
 public:
  Membership() = default;
  explicit Membership(std::vector<MemberInfo> members);

  [[nodiscard]] const std::vector<MemberInfo>& members() const { return members_; }  // by id
  [[nodiscard]] const MemberInfo* Find(NodeId id) const;
  void Set(MemberInfo member);
  // Forgets those that are not in `config`.
  void Prune(const raft::Config& config);

  [[nodiscard]] std::string Encode() const;
  [[nodiscard]] static std::optional<Membership> Decode(std::string_view bytes);

  friend bool operator==(const Membership&, const Membership&) = default;

 private:
  std::vector<MemberInfo> members_;
};

// A config entry's bytes taken apart.
struct ConfigAndMembers {
  std::shared_ptr<const raft::Config> config;  // null: malformed
  std::optional<Membership> membership;        // nothing: the entry says nothing of it
};
[[nodiscard]] ConfigAndMembers DecodeConfigEntry(std::string_view payload);

}  // namespace keel::node
