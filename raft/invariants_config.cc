// Rules on membership (Raft §6): how one config may follow another, and who may say so.
#include <algorithm>

#include "raft/invariants.h"

namespace keel::raft {

void ClusterChecker::MirrorConfig(Node& node, const Raft& core, const Entry& entry) {
  const auto next = Config::Decode(entry.payload.view()).config;
  if (next == nullptr) return Report("config-decodes", node.id, "a config entry is malformed");
  const std::shared_ptr<const Config> before = node.configs.current_ptr();
  // Who starts with nothing meets the cluster's configs in the middle of their story.
  if (!before->IsEmpty()) CheckSuccession(node, *before, *next);
  const bool is_own = core.role() == Role::kLeader && entry.term == core.term();
  if (is_own) CheckChangedByLeader(node, core, *next);
  node.configs.Append(entry.index, next);
}

void ClusterChecker::CheckSuccession(const Node& node, const Config& before, const Config& after) {
  const auto votes_in = [](const Config& config, NodeId id) {
    const Member* member = config.Find(id);
    return member != nullptr && member->votes;
  };
  bool same_voters = true;
  bool outgoing_are_voters = true;
  const auto compare = [&](NodeId id) {
    const Member* member = after.Find(id);
    same_voters &= votes_in(before, id) == votes_in(after, id);
    outgoing_are_voters &= votes_in(before, id) == (member != nullptr && member->votes_outgoing);
  };
  for (const Member& member : before.members()) compare(member.id);
  for (const Member& member : after.members()) compare(member.id);
  if (before.IsJoint() && after.IsJoint()) {
    Report("joint-step", node.id, "a joint config follows a joint one");
  }
  if (!after.IsJoint() && !same_voters) {
    Report("joint-step", node.id,
           "the voters change without a joint config: " + before.ToString() + ", then " +
               after.ToString());
  }
  if (!before.IsJoint() && after.IsJoint() && !outgoing_are_voters) {
    Report("joint-step", node.id, "the outgoing majority of a joint config is not the one before");
  }
  const auto& old_tombs = before.tombstones();
  const auto& new_tombs = after.tombstones();
  if (!std::includes(new_tombs.begin(), new_tombs.end(), old_tombs.begin(), old_tombs.end())) {
    Report("tombstones-grow", node.id, "an id that was retired is forgotten");
  }
  for (const Member& member : after.members()) {
    if (after.WasRemoved(member.id)) {
      Report("ids-used-once", node.id,
             "the retired id " + std::to_string(member.id.value()) + " is a member again");
    }
  }
}

void ClusterChecker::CheckChangedByLeader(Node& node, const Raft& core, const Config& after) {
  const Index commit = core.commit();
  const bool has_committed = node.log.Holds(commit) && node.log.At(commit).term == core.term();
  if (!has_committed) {
    Report("change-after-commit", node.id,
           "it changes the members before it has committed in its own term");
  }
  if (node.configs.current_index() > commit) {
    Report("one-change-at-a-time", node.id, "it changes the members while a change is pending");
  }
  // The step may have broadcast before or after it promoted.
  const Index must_hold = std::min(node.commit_at_broadcast, core.commit_at_broadcast());
  for (const Member& member : after.members()) {
    const Member* before = node.configs.current().Find(member.id);
    const bool is_promoted = member.votes && (before == nullptr || !before->votes);
    if (!is_promoted || member.id == node.id) continue;
    const Shadow& shadow = FindShadow(node, member.id);
    if (!shadow.is_whole || shadow.match < must_hold) {
      Report("promoted-caught-up", node.id,
             std::to_string(member.id.value()) + " becomes a voter before it has caught up");
    }
  }
}

}  // namespace keel::raft
