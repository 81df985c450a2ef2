// What the log asks of the store, and what the store answers: values, and their bytes.
//
// A command's encoding is the log's payload: one format byte, then fields in the order in which
// command.cc visits them, varints and length-prefixed strings (base/coding.h). Equal commands have
// equal bytes. Decoding accepts nothing that encoding would not produce, bounds the nesting, and
// never trusts a length. Values only; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "kv/mvcc/types.h"

namespace keel::kv {

// ---- the key space ----
struct PutOp {
  std::string key;
  std::string value;
  LeaseId lease;
  bool prev_kv = false;
  bool ignore_value = false;
  bool ignore_lease = false;

  friend bool operator==(const PutOp&, const PutOp&) = default;
};

struct DeleteRangeOp {
  KeyRange keys;
  bool prev_kv = false;

  friend bool operator==(const DeleteRangeOp&, const DeleteRangeOp&) = default;
};

enum class CompareResult : uint8_t { kEqual = 0, kGreater = 1, kLess = 2, kNotEqual = 3 };
enum class CompareTarget : uint8_t { kVersion = 0, kCreate = 1, kMod = 2, kValue = 3, kLease = 4 };

struct Compare {
  KeyRange keys;
  CompareResult result = CompareResult::kEqual;
  CompareTarget target = CompareTarget::kVersion;
  uint64_t number = 0;  // for every target but the value
  std::string value;

  friend bool operator==(const Compare&, const Compare&) = default;
};

struct TxnOp;
// Exactly one; a vector because a value cannot hold itself.
struct NestedTxn {
  std::vector<TxnOp> txn;
};
// Nothing at all is a request that the client left empty.
using RequestOp = std::variant<std::monostate, RangeRequest, PutOp, DeleteRangeOp, NestedTxn>;

struct TxnOp {
  std::vector<Compare> compares;
  std::vector<RequestOp> success;
  std::vector<RequestOp> failure;
};
[[nodiscard]] bool operator==(const TxnOp& a, const TxnOp& b);
[[nodiscard]] inline bool operator==(const NestedTxn& a, const NestedTxn& b) {
  return a.txn == b.txn;
}

struct CompactOp {
  Revision revision;

  friend bool operator==(const CompactOp&, const CompactOp&) = default;
};

// ---- leases ----
struct LeaseGrantOp {
  LeaseId id;  // chosen by the server that asks
  uint64_t ttl_s = 0;

  friend bool operator==(const LeaseGrantOp&, const LeaseGrantOp&) = default;
};

// By a client: `leader_term` is none. By a leader whose clock ran out: its term; the revoke does
// nothing if the entry is of another one (etcd 15247).
struct LeaseRevokeOp {
  std::vector<LeaseId> ids;
  Term leader_term;

  friend bool operator==(const LeaseRevokeOp&, const LeaseRevokeOp&) = default;
};

struct LeaseCheckpointOp {
  struct Remainder {
    LeaseId id;
    uint64_t remaining_s = 0;  // 0: the whole TTL again

    friend bool operator==(const Remainder&, const Remainder&) = default;
  };
  std::vector<Remainder> remainders;

  friend bool operator==(const LeaseCheckpointOp&, const LeaseCheckpointOp&) = default;
};

// ---- sessions ----
struct SessionOpenOp {
  SessionId id;  // chosen at random by the server that asks; a taken one is refused
  friend bool operator==(const SessionOpenOp&, const SessionOpenOp&) = default;
};
struct SessionCloseOp {
  SessionId id;
  friend bool operator==(const SessionCloseOp&, const SessionCloseOp&) = default;
};

// ---- alarms and quotas ----
enum class AlarmKind : uint8_t { kNoSpace = 1, kCorrupt = 2 };
struct AlarmOp {
  bool raise = false;
  AlarmKind kind = AlarmKind::kNoSpace;
  NodeId member;  // whose it is; none when lowering: everybody's
  friend bool operator==(const AlarmOp&, const AlarmOp&) = default;
};

// Watches the live keys and bytes under a prefix, and bounds them; the empty prefix is the whole.
struct PrefixRuleOp {
  std::string prefix;
  uint64_t quota_bytes = 0;  // 0: no bound
  bool remove = false;
  friend bool operator==(const PrefixRuleOp&, const PrefixRuleOp&) = default;
};

// ---- the archive ----
// By a leader: everything up to the entry is in the archive, durably. Members keep their logs back
// to it.
struct ArchiveMarkOp {
  Index through;
  friend bool operator==(const ArchiveMarkOp&, const ArchiveMarkOp&) = default;
};

// ---- auth ----
enum class PermissionKind : uint8_t { kRead = 0, kWrite = 1, kReadWrite = 2 };
struct Permission {
  PermissionKind kind = PermissionKind::kRead;
  KeyRange keys;
  friend bool operator==(const Permission&, const Permission&) = default;
};

enum class AuthAction : uint8_t {
  kEnable = 0,
  kDisable = 1,
  kUserAdd = 2,
  kUserDelete = 3,
  kUserSetPassword = 4,
  kUserGrantRole = 5,
  kUserRevokeRole = 6,
  kRoleAdd = 7,
  kRoleDelete = 8,
  kRoleGrantPermission = 9,
  kRoleRevokePermission = 10,
};
struct AuthOp {
  AuthAction action = AuthAction::kEnable;
  std::string user;
  std::string role;
  std::string password_hash;  // as libxcrypt writes it; empty: the user logs in by certificate
  Permission permission;
  friend bool operator==(const AuthOp&, const AuthOp&) = default;
};

// ---- the whole ----
using Operation = std::variant<PutOp, DeleteRangeOp, TxnOp, CompactOp, LeaseGrantOp, LeaseRevokeOp,
                               LeaseCheckpointOp, SessionOpenOp, SessionCloseOp, AlarmOp,
                               PrefixRuleOp, AuthOp, ArchiveMarkOp>;

// Who asks. Without a session, a retry may be carried out twice; `user` is empty where auth is off.
struct Origin {
  SessionId session;
  uint64_t sequence = 0;
  uint64_t lowest_unacknowledged = 0;
  std::string user;
  Revision auth_revision;
  friend bool operator==(const Origin&, const Origin&) = default;
};

struct Command {
  Origin origin;
  Operation operation;
};

inline constexpr uint8_t kCommandFormat = 1;
inline constexpr int kNestingMax = 16;

[[nodiscard]] std::string EncodeCommand(const Command& command);
// Nothing when the bytes are no command of a format known here.
[[nodiscard]] std::optional<Command> DecodeCommand(std::string_view bytes);

}  // namespace keel::kv
