// Who belongs to the cluster: a value, in force from the moment its entry is in the log.
//
// A Config lists the members and says of each whether it votes in the incoming majority, in the
// outgoing one, or only learns. While the two majorities differ the config is *joint* and every
// decision needs both (Raft §6). Changing voters always goes through a joint config; changing only
// learners, priorities or options is one entry. The leader leaves a joint config by itself.
//
// Configs are immutable once built and are shared by pointer. Members are sorted by id, so that
// equal configs encode to equal bytes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "raft/types.h"

namespace keel::raft {

struct Member {
  NodeId id;
  bool votes = false;           // in the incoming majority (the only one unless joint)
  bool votes_outgoing = false;  // in the outgoing majority of a joint config
  bool learns = false;          // a learner, now or (if votes_outgoing) once the joint config ends
  bool promote_when_caught_up = false;
  NodeId replaces;  // leaves in the same joint change that promotes this learner
  // The highest leads when it can. 0: campaigns only when its log has proved to be needed.
  uint32_t priority = 1;

  [[nodiscard]] bool IsVoter() const { return votes || votes_outgoing; }

  friend bool operator==(const Member&, const Member&) = default;
};

enum class ConfigOpKind : uint8_t {
  kAddVoter,    // joins as a learner and is promoted when it has caught up
  kAddLearner,  // joins as a learner and stays one
  kPromote,     // makes a learner a voter now; refused while it lags
  kDemote,      // makes a voter a learner
  kRemove,
  kReplace,  // `id` leaves when `replacement` has joined and caught up: one step for the operator
  kSetPriority,
  kSetLeaseReads,
  kPromoteWhenCaughtUp,  // a learner that stays one no longer: promoted when it has caught up
};

struct ConfigOp {
  ConfigOpKind kind = ConfigOpKind::kAddVoter;
  NodeId id;
  NodeId replacement;     // kReplace
  uint32_t priority = 1;  // kAddVoter, kAddLearner, kReplace, kSetPriority
  bool enabled = false;   // kSetLeaseReads

  friend bool operator==(const ConfigOp&, const ConfigOp&) = default;
};

enum class ConfigRefusal : uint8_t {
  kNone,
  kNotLeader,
  kNotReady,       // the leader has not yet committed an entry of its own term
  kChangePending,  // another change is in the log and not yet committed, or still joint
  kTransferring,   // leadership is on its way to another member
  kEmptyChange,    // no operation, or nothing would change
  kBadId,          // the id is 0
  kUnknownMember,
  kAlreadyMember,
  kIdUsedBefore,   // the id was removed once; no id is ever used twice
  kNotLearner,     // promotion of a member that votes already
  kLearnerBehind,  // promotion of a learner that has not caught up
  kNoVoterLeft,
  kNobodyMayLead,      // every voter left would have priority 0
  kTooManyMembers,     // kMembersMax
  kTooManyTombstones,  // kTombstonesMax
  kContextTooLarge,    // Options::config_context_bytes_max
  kWiped,              // demotion of a voter that came back with nothing: replace or remove it
  // The driver's, which may be stricter than the core.
  kUnhealthy,
  kTooManyLearners,
  kAddressUsed,  // by another member: whoever starts there would take either id
};
inline constexpr ConfigRefusal kLastConfigRefusal = ConfigRefusal::kAddressUsed;
[[nodiscard]] std::string_view ToString(ConfigRefusal refusal);

class Config {
 public:
  static constexpr size_t kMembersMax = 64;
  static constexpr size_t kTombstonesMax = 16384;

  Config() = default;  // nobody

  // The first config of a static cluster.
  [[nodiscard]] static Config OfVoters(const std::vector<NodeId>& voters);
  // Takes members in any order; used by tests and by tools that read state.
  [[nodiscard]] static Config OfMembers(std::vector<Member> members, bool lease_reads = false);

  [[nodiscard]] const std::vector<Member>& members() const { return members_; }
  [[nodiscard]] const Member* Find(NodeId id) const;
  [[nodiscard]] bool IsVoter(NodeId id) const;
  [[nodiscard]] bool IsJoint() const { return joint_; }
  [[nodiscard]] bool lease_reads() const { return lease_reads_; }
  [[nodiscard]] bool WasRemoved(NodeId id) const;
  [[nodiscard]] const std::vector<NodeId>& tombstones() const { return tombstones_; }
  [[nodiscard]] size_t VoterCount() const;
  [[nodiscard]] bool IsEmpty() const { return members_.empty(); }
  // Whether a history of changes can have led here: each member has one part to play, nobody is
  // both a member and retired, somebody decides (unless nobody is there), and a joint config has
  // both majorities.
  [[nodiscard]] bool IsConsistent() const;

  // The config that follows this one when `ops` are carried out together, or why there is none.
  // Requires that this config is not joint. `caught_up` answers for kPromote.
  struct Change {
    ConfigRefusal refusal = ConfigRefusal::kNone;
    std::shared_ptr<const Config> config;
  };
  [[nodiscard]] Change Apply(const std::vector<ConfigOp>& ops,
                             const std::function<bool(NodeId)>& caught_up) const;

  // The config after the joint one: the incoming majority alone; who is left out is entombed.
  [[nodiscard]] std::shared_ptr<const Config> LeaveJoint() const;

  // The bytes of a config entry: the config, then whatever the driver wants to keep beside it.
  [[nodiscard]] std::string Encode(std::string_view context = {}) const;
  struct Decoded {
    std::shared_ptr<const Config> config;  // null: malformed
    std::string_view context;
  };
  [[nodiscard]] static Decoded Decode(std::string_view bytes);

  // "1 2 3", "1 2 3 -> 2 3 4", "1 2 3 learn 4": for people.
  [[nodiscard]] std::string ToString() const;

  friend bool operator==(const Config&, const Config&) = default;

 private:
  [[nodiscard]] Member* FindMutable(NodeId id);
  [[nodiscard]] ConfigRefusal ApplyOne(const ConfigOp& op,
                                       const std::function<bool(NodeId)>& caught_up);
  [[nodiscard]] ConfigRefusal Add(const ConfigOp& op, NodeId id, bool becomes_voter);
  void Entomb(NodeId id);
  void Normalize();

  std::vector<Member> members_;     // by id
  std::vector<NodeId> tombstones_;  // by id
  bool joint_ = false;
  bool lease_reads_ = false;
};

}  // namespace keel::raft
