#include "server/node/reconfig_rules.h"

#include <algorithm>

namespace keel::node {

namespace {

using raft::ConfigOpKind;
using raft::ConfigRefusal;

bool Adds(const raft::ConfigOp& op) {
  return op.kind == ConfigOpKind::kAddLearner || op.kind == ConfigOpKind::kAddVoter;
}

bool LearnsForGood(NodeId id, const Membership& members) {
  const MemberInfo* info = members.Find(id);
  return info == nullptr || !info->votes_once_started;
}

bool IsRisky(const raft::Config& config, std::span<const raft::ConfigOp> ops,
             const std::function<bool(NodeId)>& is_up) {
  size_t voters = 0;
  size_t up = 0;
  for (const raft::Member& member : config.members()) {
    if (!member.votes) continue;
    ++voters;
    up += is_up(member.id) ? 1 : 0;
  }
  size_t go = 0;
  size_t go_while_up = 0;
  bool adds = false;
  for (const raft::ConfigOp& op : ops) {
    adds |= Adds(op) && config.Find(op.id) == nullptr;
    if (op.kind != ConfigOpKind::kRemove && op.kind != ConfigOpKind::kDemote) continue;
    const raft::Member* member = config.Find(op.id);
    if (member == nullptr || !member->votes) continue;
    ++go;
    go_while_up += is_up(op.id) ? 1 : 0;
  }
  if (go >= voters) return false;  // the core keeps the last voter
  // One that is down takes nothing from those that are up: to remove it only helps.
  if (go_while_up > 0 && up - go_while_up < (voters - go) / 2 + 1) return true;
  return adds && go == 0 && up < voters;
}

bool HasTooManyLearners(size_t learners_max, const raft::Config& config, const Membership& after,
                        std::span<const raft::ConfigOp> ops) {
  size_t more = 0;
  for (const raft::ConfigOp& op : ops) {
    const bool is_new = op.kind == ConfigOpKind::kAddLearner && config.Find(op.id) == nullptr;
    if (is_new && LearnsForGood(op.id, after)) ++more;
  }
  if (more == 0) return false;
  for (const raft::Member& member : config.members()) {
    const bool learns = member.learns && !member.votes && !member.promote_when_caught_up;
    if (learns && LearnsForGood(member.id, after)) ++more;
  }
  return more > learners_max;
}

bool IsAddressUsed(const raft::Config& config, const Membership& after,
                   std::span<const raft::ConfigOp> ops) {
  const auto is_removed = [ops](NodeId id) {
    return std::any_of(ops.begin(), ops.end(), [id](const raft::ConfigOp& op) {
      return op.kind == ConfigOpKind::kRemove && op.id == id;
    });
  };
  const auto is_at = [](const MemberInfo& member, const std::string& url) {
    return std::find(member.peer_urls.begin(), member.peer_urls.end(), url) !=
           member.peer_urls.end();
  };
  return std::any_of(ops.begin(), ops.end(), [&](const raft::ConfigOp& op) {
    const MemberInfo* added = Adds(op) ? after.Find(op.id) : nullptr;
    if (added == nullptr || config.Find(op.id) != nullptr) return false;
    return std::any_of(
        after.members().begin(), after.members().end(), [&](const MemberInfo& other) {
          if (other.id == added->id || is_removed(other.id)) return false;
          const raft::Member* there = config.Find(other.id);
          return there != nullptr && (there->votes || there->learns) &&
                 std::any_of(added->peer_urls.begin(), added->peer_urls.end(),
                             [&](const std::string& url) { return is_at(other, url); });
        });
  });
}

}  // namespace

ConfigRefusal WhyUnwise(const ReconfigRules& rules, const raft::Config& config,
                        const Membership& after, std::span<const raft::ConfigOp> ops,
                        const std::function<bool(NodeId)>& is_up) {
  if (ops.empty() || config.IsJoint()) return ConfigRefusal::kNone;
  if (HasTooManyLearners(rules.learners_max, config, after, ops)) {
    return ConfigRefusal::kTooManyLearners;
  }
  if (IsAddressUsed(config, after, ops)) return ConfigRefusal::kAddressUsed;
  if (rules.strict && IsRisky(config, ops, is_up)) return ConfigRefusal::kUnhealthy;
  return ConfigRefusal::kNone;
}

}  // namespace keel::node
