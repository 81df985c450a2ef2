#include "raft/config.h"

#include <algorithm>

#include "base/check.h"
#include "base/coding.h"
#include "base/mutant.h"

namespace keel::raft {

namespace {

constexpr uint64_t kEncodingVersion = 1;

// The flags of a member, and those of a config.
constexpr uint64_t kFlagVotes = 1;
constexpr uint64_t kFlagVotesOutgoing = 2;
constexpr uint64_t kFlagLearns = 4;
constexpr uint64_t kFlagPromote = 8;
constexpr uint64_t kFlagsAll = 15;

constexpr uint64_t kFlagJoint = 1;
constexpr uint64_t kFlagLeaseReads = 2;
constexpr uint64_t kConfigFlagsAll = 3;

bool ById(const Member& a, const Member& b) { return a.id < b.id; }

void AppendIds(std::string* text, const std::vector<Member>& members, bool Member::*flag) {
  for (const Member& member : members) {
    if (!(member.*flag)) continue;
    if (!text->empty() && text->back() != ' ') *text += ' ';
    *text += std::to_string(member.id.value());
  }
}

}  // namespace

std::string_view ToString(ConfigRefusal refusal) {
  switch (refusal) {
    case ConfigRefusal::kNone:
      return "accepted";
    case ConfigRefusal::kNotLeader:
      return "not the leader";
    case ConfigRefusal::kNotReady:
      return "the leader has not committed in its term yet";
    case ConfigRefusal::kChangePending:
      return "another change is pending";
    case ConfigRefusal::kTransferring:
      return "leadership is being transferred";
    case ConfigRefusal::kEmptyChange:
      return "nothing would change";
    case ConfigRefusal::kBadId:
      return "the id 0 names nobody";
    case ConfigRefusal::kUnknownMember:
      return "no such member";
    case ConfigRefusal::kAlreadyMember:
      return "already a member";
    case ConfigRefusal::kIdUsedBefore:
      return "the id was used before and is retired";
    case ConfigRefusal::kNotLearner:
      return "not a learner";
    case ConfigRefusal::kLearnerBehind:
      return "the learner has not caught up";
    case ConfigRefusal::kNobodyMayLead:
      return "no voter would be left that may lead";
    case ConfigRefusal::kNoVoterLeft:
      return "no voter would be left";
    case ConfigRefusal::kTooManyMembers:
      return "too many members";
    case ConfigRefusal::kTooManyTombstones:
      return "too many retired ids";
    case ConfigRefusal::kContextTooLarge:
      return "the context is larger than it may be";
    case ConfigRefusal::kWiped:
      return "the voter came back with nothing and must be replaced";
    case ConfigRefusal::kUnhealthy:
      return "too few voters are up";
    case ConfigRefusal::kTooManyLearners:
      return "too many learners";
    case ConfigRefusal::kAddressUsed:
      return "another member has this address";
  }
  return "?";
}

Config Config::OfVoters(const std::vector<NodeId>& voters) {
  std::vector<Member> members;
  for (NodeId id : voters) members.push_back({.id = id, .votes = true});
  return OfMembers(std::move(members));
}

Config Config::OfMembers(std::vector<Member> members, bool lease_reads) {
  Config config;
  config.members_ = std::move(members);
  config.lease_reads_ = lease_reads;
  std::sort(config.members_.begin(), config.members_.end(), ById);
  config.joint_ = std::any_of(config.members_.begin(), config.members_.end(),
                              [](const Member& member) { return member.votes_outgoing; });
  return config;
}

const Member* Config::Find(NodeId id) const {
  const auto at = std::lower_bound(members_.begin(), members_.end(), Member{.id = id}, ById);
  return at != members_.end() && at->id == id ? &*at : nullptr;
}

Member* Config::FindMutable(NodeId id) { return const_cast<Member*>(Find(id)); }

bool Config::IsVoter(NodeId id) const {
  const Member* member = Find(id);
  return member != nullptr && member->IsVoter();
}

bool Config::WasRemoved(NodeId id) const {
  return std::binary_search(tombstones_.begin(), tombstones_.end(), id);
}

bool Config::IsConsistent() const {
  bool has_incoming = false;
  bool has_outgoing = false;
  for (const Member& member : members_) {
    has_incoming |= member.votes;
    has_outgoing |= member.votes_outgoing;
    if (!member.IsVoter() && !member.learns) return false;
    if (member.votes && member.learns) return false;
    if (member.promote_when_caught_up && (!member.learns || member.IsVoter())) return false;
    if (!member.replaces.IsNone() &&
        (!member.promote_when_caught_up || member.replaces == member.id)) {
      return false;
    }
    if (WasRemoved(member.id) && !KEEL_MUTANT(kIdReused22)) return false;
  }
  return has_incoming != members_.empty() && has_outgoing == joint_;
}

size_t Config::VoterCount() const {
  return static_cast<size_t>(
      std::count_if(members_.begin(), members_.end(), [](const Member& m) { return m.IsVoter(); }));
}

ConfigRefusal Config::Add(const ConfigOp& op, NodeId id, bool becomes_voter) {
  if (id.IsNone()) return ConfigRefusal::kBadId;
  if (Find(id) != nullptr) return ConfigRefusal::kAlreadyMember;
  if (WasRemoved(id) && !KEEL_MUTANT(kIdReused22)) return ConfigRefusal::kIdUsedBefore;
  if (members_.size() >= kMembersMax) return ConfigRefusal::kTooManyMembers;
  Member member{
      .id = id, .learns = true, .promote_when_caught_up = becomes_voter, .priority = op.priority};
  if (op.kind == ConfigOpKind::kReplace) member.replaces = op.id;
  members_.insert(std::upper_bound(members_.begin(), members_.end(), member, ById), member);
  return ConfigRefusal::kNone;
}

ConfigRefusal Config::ApplyOne(const ConfigOp& op, const std::function<bool(NodeId)>& caught_up) {
  if (op.kind == ConfigOpKind::kSetLeaseReads) {
    lease_reads_ = op.enabled;
    return ConfigRefusal::kNone;
  }
  if (op.kind == ConfigOpKind::kAddVoter) return Add(op, op.id, /*becomes_voter=*/true);
  if (op.kind == ConfigOpKind::kAddLearner) return Add(op, op.id, /*becomes_voter=*/false);

  Member* member = FindMutable(op.id);
  if (member == nullptr) return ConfigRefusal::kUnknownMember;
  switch (op.kind) {
    case ConfigOpKind::kPromote: {
      if (member->votes) return ConfigRefusal::kNotLearner;
      if (!caught_up(op.id)) return ConfigRefusal::kLearnerBehind;
      member->votes = true;
      member->learns = false;
      member->promote_when_caught_up = false;
      const NodeId replaced = member->replaces;
      member->replaces = NodeId();
      if (Member* old = FindMutable(replaced)) *old = Member{.id = replaced};
      return ConfigRefusal::kNone;
    }
    case ConfigOpKind::kPromoteWhenCaughtUp:
      if (member->votes) return ConfigRefusal::kNotLearner;
      member->promote_when_caught_up = true;
      return ConfigRefusal::kNone;
    case ConfigOpKind::kDemote:
      if (!member->votes) return ConfigRefusal::kEmptyChange;
      member->votes = false;
      member->learns = true;
      return ConfigRefusal::kNone;
    case ConfigOpKind::kRemove:
      *member = Member{.id = op.id};
      return ConfigRefusal::kNone;
    case ConfigOpKind::kReplace: {
      const bool replaces_voter = member->votes;
      for (const Member& other : members_) {
        if (other.replaces == op.id) return ConfigRefusal::kChangePending;
      }
      const ConfigRefusal refusal = Add(op, op.replacement, replaces_voter);
      if (refusal != ConfigRefusal::kNone || replaces_voter) return refusal;
      // One learner for another needs no majority and so no waiting.
      FindMutable(op.replacement)->replaces = NodeId();
      *FindMutable(op.id) = Member{.id = op.id};
      return ConfigRefusal::kNone;
    }
    case ConfigOpKind::kSetPriority:
      member->priority = op.priority;
      return ConfigRefusal::kNone;
    default:
      return ConfigRefusal::kEmptyChange;
  }
}

Config::Change Config::Apply(const std::vector<ConfigOp>& ops,
                             const std::function<bool(NodeId)>& caught_up) const {
  KEEL_CHECK(!joint_) << "a joint config is left before it is changed";
  auto next = std::make_shared<Config>(*this);
  for (const ConfigOp& op : ops) {
    const ConfigRefusal refusal = next->ApplyOne(op, caught_up);
    if (refusal != ConfigRefusal::kNone) return {refusal, nullptr};
  }
  if (*next == *this) return {ConfigRefusal::kEmptyChange, nullptr};

  bool voters_change = false;
  bool voter_left = false;
  bool may_lead = false;
  for (const Member& member : next->members_) {
    const Member* before = Find(member.id);
    voters_change |= (before != nullptr && before->votes) != member.votes;
    voter_left |= member.votes;
    may_lead |= member.votes && member.priority > 0;
  }
  if (!voter_left) return {ConfigRefusal::kNoVoterLeft, nullptr};
  if (!may_lead) return {ConfigRefusal::kNobodyMayLead, nullptr};
  if (tombstones_.size() + members_.size() > kTombstonesMax) {
    return {ConfigRefusal::kTooManyTombstones, nullptr};
  }
  if (voters_change) {
    next->joint_ = true;
    for (Member& member : next->members_) {
      const Member* before = Find(member.id);
      member.votes_outgoing = before != nullptr && before->votes;
    }
  }
  next->Normalize();
  return {ConfigRefusal::kNone, std::move(next)};
}

std::shared_ptr<const Config> Config::LeaveJoint() const {
  KEEL_CHECK(joint_) << "only a joint config is left";
  auto next = std::make_shared<Config>(*this);
  next->joint_ = false;
  for (Member& member : next->members_) member.votes_outgoing = false;
  next->Normalize();
  return next;
}

// Drops and entombs who neither votes nor learns any more.
void Config::Normalize() {
  for (const Member& member : members_) {
    if (!member.IsVoter() && !member.learns) Entomb(member.id);
  }
  std::erase_if(members_, [](const Member& m) { return !m.IsVoter() && !m.learns; });
}

void Config::Entomb(NodeId id) {
  if (WasRemoved(id)) return;
  tombstones_.insert(std::upper_bound(tombstones_.begin(), tombstones_.end(), id), id);
}

std::string Config::Encode(std::string_view context) const {
  std::string bytes;
  AppendVarint64(&bytes, kEncodingVersion);
  AppendVarint64(&bytes, (joint_ ? kFlagJoint : 0u) | (lease_reads_ ? kFlagLeaseReads : 0u));
  AppendVarint64(&bytes, members_.size());
  for (const Member& member : members_) {
    AppendFixed64(&bytes, member.id.value());
    AppendVarint64(&bytes, (member.votes ? kFlagVotes : 0u) |
                               (member.votes_outgoing ? kFlagVotesOutgoing : 0u) |
                               (member.learns ? kFlagLearns : 0u) |
                               (member.promote_when_caught_up ? kFlagPromote : 0u));
    AppendFixed64(&bytes, member.replaces.value());
    AppendVarint64(&bytes, member.priority);
  }
  AppendVarint64(&bytes, tombstones_.size());
  for (NodeId id : tombstones_) AppendFixed64(&bytes, id.value());
  AppendLengthPrefixed(&bytes, context);
  return bytes;
}

Config::Decoded Config::Decode(std::string_view bytes) {
  ByteReader reader(bytes);
  uint64_t version = 0;
  uint64_t flags = 0;
  uint64_t count = 0;
  if (!reader.ReadVarint64(&version) || version != kEncodingVersion) return {};
  if (!reader.ReadVarint64(&flags) || flags > kConfigFlagsAll) return {};
  if (!reader.ReadVarint64(&count) || count > kMembersMax) return {};

  auto config = std::make_shared<Config>();
  config->joint_ = (flags & kFlagJoint) != 0;
  config->lease_reads_ = (flags & kFlagLeaseReads) != 0;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t id = 0;
    uint64_t member_flags = 0;
    uint64_t replaces = 0;
    uint64_t priority = 0;
    if (!reader.ReadFixed64(&id) || !reader.ReadVarint64(&member_flags) ||
        !reader.ReadFixed64(&replaces) || !reader.ReadVarint64(&priority)) {
      return {};
    }
    if (id == 0 || member_flags > kFlagsAll || priority > UINT32_MAX) return {};
    const Member member{.id = NodeId(id),
                        .votes = (member_flags & kFlagVotes) != 0,
                        .votes_outgoing = (member_flags & kFlagVotesOutgoing) != 0,
                        .learns = (member_flags & kFlagLearns) != 0,
                        .promote_when_caught_up = (member_flags & kFlagPromote) != 0,
                        .replaces = NodeId(replaces),
                        .priority = static_cast<uint32_t>(priority)};
    if (!config->members_.empty() && !ById(config->members_.back(), member)) return {};
    config->members_.push_back(member);
  }
  if (!reader.ReadVarint64(&count) || count > kTombstonesMax) return {};
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t id = 0;
    if (!reader.ReadFixed64(&id) || id == 0) return {};
    if (!config->tombstones_.empty() && config->tombstones_.back() >= NodeId(id)) return {};
    config->tombstones_.push_back(NodeId(id));
  }
  std::string_view context;
  if (!reader.ReadLengthPrefixed(&context) || !reader.AtEnd()) return {};
  if (!config->IsConsistent()) return {};
  return {std::move(config), context};
}

std::string Config::ToString() const {
  std::string text;
  if (joint_) {
    AppendIds(&text, members_, &Member::votes_outgoing);
    text += " -> ";
  }
  AppendIds(&text, members_, &Member::votes);
  std::string learners;
  AppendIds(&learners, members_, &Member::learns);
  if (!learners.empty()) text += " learn " + learners;
  if (lease_reads_) text += " lease-reads";
  return text.empty() ? "nobody" : text;
}

}  // namespace keel::raft
