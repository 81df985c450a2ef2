#include "kv/mvcc/command.h"

#include "kv/mvcc/archive.h"

namespace keel::kv {

bool operator==(const TxnOp& a, const TxnOp& b) {
  return a.compares == b.compares && a.success == b.success && a.failure == b.failure;
}

// Constrained by name, so that one description serves the const value that is written and the
// mutable one that is read.
template <class T, class Named>
concept Is = std::is_same_v<std::remove_const_t<T>, Named>;

template <class Archive>
void Visit(Archive& a, Is<RangeRequest> auto& v) {
  Visit(a, v.keys);
  a(v.revision);
  a(v.limit);
  a.Limited(v.sort_order, SortOrder::kDescend);
  a.Limited(v.sort_target, SortTarget::kValue);
  a(v.keys_only);
  a(v.count_only);
  a(v.min_mod);
  a(v.max_mod);
  a(v.min_create);
  a(v.max_create);
  a(v.bytes_max);
}

template <class Archive>
void Visit(Archive& a, Is<PutOp> auto& v) {
  a(v.key);
  a(v.value);
  a(v.lease);
  a(v.prev_kv);
  a(v.ignore_value);
  a(v.ignore_lease);
}

template <class Archive>
void Visit(Archive& a, Is<DeleteRangeOp> auto& v) {
  Visit(a, v.keys);
  a(v.prev_kv);
}

template <class Archive>
void Visit(Archive& a, Is<Compare> auto& v) {
  Visit(a, v.keys);
  a.Limited(v.result, CompareResult::kNotEqual);
  a.Limited(v.target, CompareTarget::kLease);
  a(v.number);
  a(v.value);
}

template <class Archive>
void Visit(Archive& a, Is<NestedTxn> auto& v);

template <class Archive>
void Visit(Archive& a, Is<TxnOp> auto& v) {
  if (!a.Enter()) return;
  a.Many(v.compares);
  a.Many(v.success);
  a.Many(v.failure);
  a.Leave();
}

template <class Archive>
void Visit(Archive& a, Is<NestedTxn> auto& v) {
  if constexpr (Archive::kDecoding) v.txn.resize(1);
  Visit(a, v.txn.front());
}

template <class Archive>
void Visit(Archive& a, Is<CompactOp> auto& v) {
  a(v.revision);
}

template <class Archive>
void Visit(Archive& a, Is<LeaseGrantOp> auto& v) {
  a(v.id);
  a(v.ttl_s);
}

template <class Archive>
void Visit(Archive& a, Is<LeaseRevokeOp> auto& v) {
  a.Many(v.ids);
  a(v.leader_term);
}

template <class Archive>
void Visit(Archive& a, Is<LeaseCheckpointOp::Remainder> auto& v) {
  a(v.id);
  a(v.remaining_s);
}

template <class Archive>
void Visit(Archive& a, Is<LeaseCheckpointOp> auto& v) {
  a.Many(v.remainders);
}

template <class Archive>
void Visit(Archive& a, Is<SessionOpenOp> auto& v) {
  a(v.id);
}

template <class Archive>
void Visit(Archive& a, Is<SessionCloseOp> auto& v) {
  a(v.id);
}

template <class Archive>
void Visit(Archive& a, Is<AlarmOp> auto& v) {
  a(v.raise);
  a.Limited(v.kind, AlarmKind::kCorrupt);
  a(v.member);
}

template <class Archive>
void Visit(Archive& a, Is<PrefixRuleOp> auto& v) {
  a(v.prefix);
  a(v.quota_bytes);
  a(v.remove);
}

template <class Archive>
void Visit(Archive& a, Is<ArchiveMarkOp> auto& v) {
  a(v.through);
}

template <class Archive>
void Visit(Archive& a, Is<AuthOp> auto& v) {
  a.Limited(v.action, AuthAction::kRoleRevokePermission);
  a(v.user);
  a(v.role);
  a(v.password_hash);
  a.Limited(v.permission.kind, PermissionKind::kReadWrite);
  Visit(a, v.permission.keys);
}

namespace {

// Most commands come without a session and without a user: one byte says so.
constexpr uint8_t kHasSession = 1;
constexpr uint8_t kHasUser = 2;

uint8_t OriginFlags(const Origin& origin) {
  uint8_t flags = 0;
  if (!origin.session.IsNone() || origin.sequence != 0 || origin.lowest_unacknowledged != 0) {
    flags |= kHasSession;
  }
  if (!origin.user.empty() || !origin.auth_revision.IsNone()) flags |= kHasUser;
  return flags;
}

template <class Archive>
void VisitOrigin(Archive& a, auto& origin, uint8_t flags) {
  if (flags & kHasSession) {
    a(origin.session);
    a(origin.sequence);
    a(origin.lowest_unacknowledged);
  }
  if (flags & kHasUser) {
    a(origin.user);
    a(origin.auth_revision);
  }
}

}  // namespace

std::string EncodeCommand(const Command& command) {
  std::string out;
  const uint8_t flags = OriginFlags(command.origin);
  out.push_back(static_cast<char>(kCommandFormat));
  out.push_back(static_cast<char>(flags));
  Encoder encoder(&out);
  VisitOrigin(encoder, command.origin, flags);
  encoder.OneOf(command.operation);
  return out;
}

std::optional<Command> DecodeCommand(std::string_view bytes) {
  if (bytes.size() < 2 || bytes[0] != static_cast<char>(kCommandFormat)) return std::nullopt;
  const auto flags = static_cast<uint8_t>(bytes[1]);
  if (flags > (kHasSession | kHasUser)) return std::nullopt;
  // Built where it is returned: a command is worth not moving.
  std::optional<Command> command(std::in_place);
  Decoder decoder(bytes.substr(2));
  VisitOrigin(decoder, command->origin, flags);
  if (!decoder.ok() || OriginFlags(command->origin) != flags) return std::nullopt;
  decoder.OneOf(command->operation);
  if (!decoder.Finished()) return std::nullopt;
  return command;
}

}  // namespace keel::kv
