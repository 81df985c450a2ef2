#include "kv/auth/auth_state.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/coding.h"
#include "kv/mvcc/version_walk.h"

namespace keel::kv {

namespace {

// The names of the records of the auth family: a letter, then the user's or role's name.
std::string UserName(const std::string& user) { return "u" + user; }
std::string RoleName(const std::string& role) { return "r" + role; }

std::string EncodeUser(const AuthUser& user) {
  std::string out;
  AppendLengthPrefixed(&out, user.password_hash);
  for (const std::string& role : user.roles) AppendLengthPrefixed(&out, role);
  return out;
}

bool DecodeUser(std::string_view bytes, AuthUser* user) {
  ByteReader reader(bytes);
  std::string_view text;
  if (!reader.ReadLengthPrefixed(&text)) return false;
  user->password_hash = text;
  while (!reader.AtEnd()) {
    if (!reader.ReadLengthPrefixed(&text)) return false;
    user->roles.emplace(text);
  }
  return true;
}

std::string EncodeRole(const AuthRole& role) {
  std::string out;
  for (const Permission& permission : role.permissions) {
    out.push_back(static_cast<char>(permission.kind));
    AppendLengthPrefixed(&out, permission.keys.begin);
    AppendLengthPrefixed(&out, permission.keys.end);
  }
  return out;
}

bool DecodeRole(std::string_view bytes, AuthRole* role) {
  ByteReader reader(bytes);
  while (!reader.AtEnd()) {
    uint8_t kind = 0;
    std::string_view begin;
    std::string_view end;
    if (!reader.ReadByte(&kind) || kind > 2) return false;
    if (!reader.ReadLengthPrefixed(&begin) || !reader.ReadLengthPrefixed(&end)) return false;
    role->permissions.push_back({.kind = static_cast<PermissionKind>(kind),
                                 .keys = {.begin = std::string(begin), .end = std::string(end)}});
  }
  return true;
}

// [first, second); no second: without end. A single key ends right behind itself.
using Interval = std::pair<std::string, std::optional<std::string>>;

Interval ToInterval(const KeyRange& keys) {
  if (keys.IsOpen()) return {keys.begin, std::nullopt};
  if (keys.IsSingle()) return {keys.begin, keys.begin + std::string(1, '\0')};
  return {keys.begin, keys.end};
}

bool Allows(PermissionKind kind, AuthState::Access access) {
  if (kind == PermissionKind::kReadWrite) return true;
  return (kind == PermissionKind::kRead) == (access == AuthState::Access::kRead);
}

}  // namespace

KvError AuthState::Apply(const AuthOp& op, StoreState* state, const Layout& layout,
                         WriteBatch* batch) {
  if (const KvError refused = Change(op, state); refused != KvError::kNone) return refused;
  Save(op, layout, batch);
  state->auth_revision = state->auth_revision.Next();
  return KvError::kNone;
}

KvError AuthState::Change(const AuthOp& op, StoreState* state) {
  switch (op.action) {
    case AuthAction::kEnable: {
      const auto root = users_.find(kRoot);
      if (root == users_.end()) return KvError::kRootUserNotExist;
      if (!root->second.roles.contains(kRoot)) return KvError::kRootRoleNotExist;
      state->auth_enabled = true;
      return KvError::kNone;
    }
    case AuthAction::kDisable:
      state->auth_enabled = false;
      return KvError::kNone;
    case AuthAction::kUserDelete:
      // Nobody could undo it while auth is on.
      if (state->auth_enabled && op.user == kRoot) return KvError::kInvalidAuthManagement;
      return ChangeUser(op);
    case AuthAction::kUserRevokeRole:
      if (state->auth_enabled && op.user == kRoot && op.role == kRoot) {
        return KvError::kInvalidAuthManagement;
      }
      return ChangeUser(op);
    case AuthAction::kUserAdd:
    case AuthAction::kUserSetPassword:
    case AuthAction::kUserGrantRole:
      return ChangeUser(op);
    case AuthAction::kRoleDelete:
      if (state->auth_enabled && op.role == kRoot) return KvError::kInvalidAuthManagement;
      return ChangeRole(op);
    case AuthAction::kRoleAdd:
    case AuthAction::kRoleGrantPermission:
    case AuthAction::kRoleRevokePermission:
      return ChangeRole(op);
  }
  return KvError::kBadCommand;
}

KvError AuthState::ChangeUser(const AuthOp& op) {
  if (op.action == AuthAction::kUserAdd) {
    if (op.user.empty()) return KvError::kUserEmpty;
    const bool added = users_.try_emplace(op.user, AuthUser{op.password_hash, {}}).second;
    return added ? KvError::kNone : KvError::kUserExists;
  }
  const auto user = users_.find(op.user);
  if (user == users_.end()) return KvError::kUserNotFound;
  switch (op.action) {
    case AuthAction::kUserDelete:
      users_.erase(user);
      return KvError::kNone;
    case AuthAction::kUserSetPassword:
      user->second.password_hash = op.password_hash;
      return KvError::kNone;
    case AuthAction::kUserGrantRole:
      // The role "root" needs no record to be granted.
      if (op.role != kRoot && !roles_.contains(op.role)) return KvError::kRoleNotFound;
      user->second.roles.insert(op.role);
      return KvError::kNone;
    default:
      return user->second.roles.erase(op.role) != 0 ? KvError::kNone : KvError::kRoleNotGranted;
  }
}

KvError AuthState::ChangeRole(const AuthOp& op) {
  if (op.action == AuthAction::kRoleAdd) {
    if (op.role.empty()) return KvError::kRoleEmpty;
    return roles_.try_emplace(op.role).second ? KvError::kNone : KvError::kRoleExists;
  }
  const auto role = roles_.find(op.role);
  if (role == roles_.end()) return KvError::kRoleNotFound;
  if (op.action == AuthAction::kRoleDelete) {
    roles_.erase(role);
    for (auto& [name, user] : users_) user.roles.erase(op.role);
    return KvError::kNone;
  }
  std::vector<Permission>& permissions = role->second.permissions;
  const auto same = std::find_if(permissions.begin(), permissions.end(), [&op](const auto& held) {
    return held.keys == op.permission.keys;
  });
  if (op.action == AuthAction::kRoleRevokePermission) {
    if (same == permissions.end()) return KvError::kPermissionNotGranted;
    permissions.erase(same);
    return KvError::kNone;
  }
  if (op.permission.keys.begin.empty()) return KvError::kPermissionNotGiven;
  if (same != permissions.end()) {
    same->kind = op.permission.kind;
  } else {
    permissions.push_back(op.permission);
  }
  return KvError::kNone;
}

void AuthState::SaveUser(const std::string& name, const Layout& layout, WriteBatch* batch) const {
  const auto user = users_.find(name);
  const std::string key = layout.NameKey(Family::kAuth, UserName(name));
  if (user == users_.end()) {
    batch->Delete(key);
  } else {
    batch->Put(key, EncodeUser(user->second));
  }
}

void AuthState::Save(const AuthOp& op, const Layout& layout, WriteBatch* batch) const {
  const bool of_role = op.action >= AuthAction::kRoleAdd;
  if (!of_role && op.action >= AuthAction::kUserAdd) SaveUser(op.user, layout, batch);
  if (!of_role) return;
  const std::string key = layout.NameKey(Family::kAuth, RoleName(op.role));
  const auto role = roles_.find(op.role);
  if (role != roles_.end()) {
    batch->Put(key, EncodeRole(role->second));
    return;
  }
  batch->Delete(key);
  for (const auto& [name, user] : users_) SaveUser(name, layout, batch);
}

bool AuthState::IsRoot(std::string_view user) const {
  const auto found = users_.find(std::string(user));
  return found != users_.end() && found->second.roles.contains(kRoot);
}

bool AuthState::Permits(std::string_view user, const KeyRange& keys, Access access) const {
  if (IsRoot(user)) return true;
  const auto found = users_.find(std::string(user));
  if (found == users_.end()) return false;
  std::vector<Interval> allowed;
  for (const std::string& name : found->second.roles) {
    const auto role = roles_.find(name);
    if (role == roles_.end()) continue;
    for (const Permission& permission : role->second.permissions) {
      if (Allows(permission.kind, access)) allowed.push_back(ToInterval(permission.keys));
    }
  }
  std::sort(allowed.begin(), allowed.end(),
            [](const Interval& a, const Interval& b) { return a.first < b.first; });
  // Walks the ranges from the left; `reach` is how far they cover without a hole.
  const Interval wanted = ToInterval(keys);
  std::string reach = wanted.first;
  for (const Interval& range : allowed) {
    if (range.first > reach) break;
    if (!range.second.has_value()) return true;
    reach = std::max(reach, *range.second);
    if (wanted.second.has_value() && reach >= *wanted.second) return true;
  }
  return false;
}

Status AuthState::Load(Engine* engine, const Layout& layout) {
  const auto iterator = engine->Iterate({});
  const std::string family = layout.Prefix(Family::kAuth);
  for (iterator->Seek(family); iterator->Valid() && iterator->key().starts_with(family);
       iterator->Next()) {
    const std::string_view name = iterator->key().substr(family.size());
    AuthUser user;
    AuthRole role;
    if (name.starts_with("u") && DecodeUser(iterator->value(), &user)) {
      users_.emplace(name.substr(1), std::move(user));
    } else if (name.starts_with("r") && DecodeRole(iterator->value(), &role)) {
      roles_.emplace(name.substr(1), std::move(role));
    } else {
      return UndecodableRecord(iterator->key());
    }
  }
  return iterator->status();
}

}  // namespace keel::kv
