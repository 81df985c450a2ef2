#include "kv/auth/authorise.h"

#include <algorithm>
#include <string>
#include <vector>

#include "kv/lease/lease_table.h"

namespace keel::kv {

namespace {

using Access = AuthState::Access;

// Whoever may not write what already hangs on a lease may not revoke it, and so must not attach
// more to it: etcd's rule, which here holds within transactions too.
Result<bool> MayWriteAttached(const AuthScope& scope, const std::string& user, LeaseId id) {
  if (id.IsNone() || scope.auth->IsRoot(user)) return true;
  KEEL_ASSIGN_OR_RETURN(const auto keys, AttachedKeys(scope.engine, *scope.layout, id));
  return std::all_of(keys.begin(), keys.end(), [&](const std::string& key) {
    return scope.auth->Permits(user, {.begin = key, .end = {}}, Access::kWrite);
  });
}

Result<bool> MayPut(const AuthScope& scope, const std::string& user, const PutOp& put) {
  const KeyRange key{.begin = put.key, .end = {}};
  if (!scope.auth->Permits(user, key, Access::kWrite)) return false;
  if (put.prev_kv && !scope.auth->Permits(user, key, Access::kRead)) return false;
  return MayWriteAttached(scope, user, put.lease);
}

bool MayDelete(const AuthState& auth, const std::string& user, const DeleteRangeOp& op) {
  if (!auth.Permits(user, op.keys, Access::kWrite)) return false;
  return !op.prev_kv || auth.Permits(user, op.keys, Access::kRead);
}

Result<bool> MayRun(const AuthScope& scope, const std::string& user, const TxnOp& txn) {
  const AuthState& auth = *scope.auth;
  for (const Compare& compare : txn.compares) {
    if (!auth.Permits(user, compare.keys, Access::kRead)) return false;
  }
  for (const auto* branch : {&txn.success, &txn.failure}) {
    for (const RequestOp& op : *branch) {
      bool may = true;
      if (const auto* range = std::get_if<RangeRequest>(&op)) {
        may = auth.Permits(user, range->keys, Access::kRead);
      }
      if (const auto* put = std::get_if<PutOp>(&op)) {
        KEEL_ASSIGN_OR_RETURN(may, MayPut(scope, user, *put));
      }
      if (const auto* remove = std::get_if<DeleteRangeOp>(&op)) {
        may = MayDelete(auth, user, *remove);
      }
      if (const auto* nested = std::get_if<NestedTxn>(&op)) {
        KEEL_ASSIGN_OR_RETURN(may, MayRun(scope, user, nested->txn.front()));
      }
      if (!may) return false;
    }
  }
  return true;
}

// Revoking deletes what is attached: that takes the right to write each key.
Result<bool> MayRevoke(const AuthScope& scope, const std::string& user, const LeaseRevokeOp& op) {
  for (const LeaseId id : op.ids) {
    KEEL_ASSIGN_OR_RETURN(const bool may, MayWriteAttached(scope, user, id));
    if (!may) return false;
  }
  return true;
}

bool Attaches(const TxnOp& txn) {
  const auto attaches = [](const RequestOp& op) {
    if (const auto* put = std::get_if<PutOp>(&op)) return !put->lease.IsNone();
    const auto* nested = std::get_if<NestedTxn>(&op);
    return nested != nullptr && !nested->txn.empty() && Attaches(nested->txn.front());
  };
  return std::any_of(txn.success.begin(), txn.success.end(), attaches) ||
         std::any_of(txn.failure.begin(), txn.failure.end(), attaches);
}

bool IsOwnAccount(const Operation& operation) {
  if (const auto* revoke = std::get_if<LeaseRevokeOp>(&operation)) {
    return !revoke->leader_term.IsNone();
  }
  return std::holds_alternative<LeaseCheckpointOp>(operation) ||
         std::holds_alternative<AlarmOp>(operation) ||
         std::holds_alternative<ArchiveMarkOp>(operation);
}

bool NeedsRoot(const Operation& operation) {
  return std::holds_alternative<AuthOp>(operation) ||
         std::holds_alternative<PrefixRuleOp>(operation);
}

}  // namespace

Result<KvError> AuthoriseCommand(const Command& command, const AuthScope& scope) {
  const Operation& operation = command.operation;
  if (IsOwnAccount(operation)) return KvError::kNone;
  const std::string& user = command.origin.user;
  if (user.empty()) return KvError::kUserEmpty;
  if (command.origin.auth_revision < scope.state->auth_revision) return KvError::kAuthOldRevision;
  bool may = true;
  if (NeedsRoot(operation)) may = scope.auth->IsRoot(user);
  if (const auto* put = std::get_if<PutOp>(&operation)) {
    KEEL_ASSIGN_OR_RETURN(may, MayPut(scope, user, *put));
  }
  if (const auto* remove = std::get_if<DeleteRangeOp>(&operation)) {
    may = MayDelete(*scope.auth, user, *remove);
  }
  if (const auto* txn = std::get_if<TxnOp>(&operation)) {
    KEEL_ASSIGN_OR_RETURN(may, MayRun(scope, user, *txn));
  }
  if (const auto* revoke = std::get_if<LeaseRevokeOp>(&operation)) {
    KEEL_ASSIGN_OR_RETURN(may, MayRevoke(scope, user, *revoke));
  }
  return may ? KvError::kNone : KvError::kPermissionDenied;
}

bool ReadsAttachedKeys(const Command& command) {
  if (const auto* put = std::get_if<PutOp>(&command.operation)) return !put->lease.IsNone();
  if (const auto* txn = std::get_if<TxnOp>(&command.operation)) return Attaches(*txn);
  return std::holds_alternative<LeaseRevokeOp>(command.operation);
}

KvError AuthoriseRange(const AuthState& auth, std::string_view user, const KeyRange& keys) {
  if (user.empty()) return KvError::kUserEmpty;
  return auth.Permits(user, keys, Access::kRead) ? KvError::kNone : KvError::kPermissionDenied;
}

}  // namespace keel::kv
