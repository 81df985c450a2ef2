#include "kv/auth/authorise.h"

#include <string>
#include <vector>

#include "kv/lease/lease_table.h"

namespace keel::kv {

namespace {

using Access = AuthState::Access;

bool MayPut(const AuthState& auth, const std::string& user, const PutOp& put) {
  const KeyRange key{.begin = put.key, .end = {}};
  if (!auth.Permits(user, key, Access::kWrite)) return false;
  return !put.prev_kv || auth.Permits(user, key, Access::kRead);
}

bool MayDelete(const AuthState& auth, const std::string& user, const DeleteRangeOp& op) {
  if (!auth.Permits(user, op.keys, Access::kWrite)) return false;
  return !op.prev_kv || auth.Permits(user, op.keys, Access::kRead);
}

bool MayRun(const AuthState& auth, const std::string& user, const TxnOp& txn) {
  for (const Compare& compare : txn.compares) {
    if (!auth.Permits(user, compare.keys, Access::kRead)) return false;
  }
  for (const auto* branch : {&txn.success, &txn.failure}) {
    for (const RequestOp& op : *branch) {
      bool may = true;
      if (const auto* range = std::get_if<RangeRequest>(&op)) {
        may = auth.Permits(user, range->keys, Access::kRead);
      }
      if (const auto* put = std::get_if<PutOp>(&op)) may = MayPut(auth, user, *put);
      if (const auto* remove = std::get_if<DeleteRangeOp>(&op)) {
        may = MayDelete(auth, user, *remove);
      }
      if (const auto* nested = std::get_if<NestedTxn>(&op)) {
        may = MayRun(auth, user, nested->txn.front());
      }
      if (!may) return false;
    }
  }
  return true;
}

// Revoking deletes what is attached: that takes the right to write each key.
Result<bool> MayRevoke(const AuthScope& scope, const std::string& user, const LeaseRevokeOp& op) {
  for (const LeaseId id : op.ids) {
    KEEL_ASSIGN_OR_RETURN(const auto keys, AttachedKeys(scope.engine, *scope.layout, id));
    for (const std::string& key : keys) {
      if (!scope.auth->Permits(user, {.begin = key, .end = {}}, Access::kWrite)) return false;
    }
  }
  return true;
}

bool IsOwnAccount(const Operation& operation) {
  if (const auto* revoke = std::get_if<LeaseRevokeOp>(&operation)) {
    return !revoke->leader_term.IsNone();
  }
  return std::holds_alternative<LeaseCheckpointOp>(operation) ||
         std::holds_alternative<AlarmOp>(operation);
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
  if (const auto* put = std::get_if<PutOp>(&operation)) may = MayPut(*scope.auth, user, *put);
  if (const auto* remove = std::get_if<DeleteRangeOp>(&operation)) {
    may = MayDelete(*scope.auth, user, *remove);
  }
  if (const auto* txn = std::get_if<TxnOp>(&operation)) may = MayRun(*scope.auth, user, *txn);
  if (const auto* revoke = std::get_if<LeaseRevokeOp>(&operation)) {
    KEEL_ASSIGN_OR_RETURN(may, MayRevoke(scope, user, *revoke));
  }
  return may ? KvError::kNone : KvError::kPermissionDenied;
}

KvError AuthoriseRange(const AuthState& auth, std::string_view user, const KeyRange& keys) {
  if (user.empty()) return KvError::kUserEmpty;
  return auth.Permits(user, keys, Access::kRead) ? KvError::kNone : KvError::kPermissionDenied;
}

}  // namespace keel::kv
