// Users, roles and what they may touch: the replicated part of authorisation.
//
// Changed through the log alone, so that all members agree on it (etcd 14571); every change raises
// the auth revision, and a command that was authorised under an older one is refused. A user's
// permissions are those of all its roles together, adjoining ranges merged. The user "root" with
// the role "root" may do everything. Passwords come as hashes, made off-thread
// (auth/password_hasher.h); tokens are the server's. Belongs to the apply role; Copy gives other
// roles a state of their own.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kv/engine/engine.h"
#include "kv/mvcc/command.h"
#include "kv/mvcc/layout.h"
#include "kv/mvcc/state.h"

namespace keel::kv {

struct AuthUser {
  std::string password_hash;
  std::set<std::string> roles;
  friend bool operator==(const AuthUser&, const AuthUser&) = default;
};

struct AuthRole {
  std::vector<Permission> permissions;  // by range; a range appears once
  friend bool operator==(const AuthRole&, const AuthRole&) = default;
};

class AuthState {
 public:
  inline static const std::string kRoot = "root";

  [[nodiscard]] const std::map<std::string, AuthUser>& users() const { return users_; }
  [[nodiscard]] const std::map<std::string, AuthRole>& roles() const { return roles_; }

  // Carries out a change, and writes what it changed; a refused one changes nothing.
  [[nodiscard]] KvError Apply(const AuthOp& op, StoreState* state, const Layout& layout,
                              WriteBatch* batch);

  [[nodiscard]] bool IsRoot(std::string_view user) const;
  // Whether `user` may read (or write) every key of the range.
  enum class Access : uint8_t { kRead, kWrite };
  [[nodiscard]] bool Permits(std::string_view user, const KeyRange& keys, Access access) const;

  Status Load(Engine* engine, const Layout& layout);

 private:
  [[nodiscard]] KvError Change(const AuthOp& op, StoreState* state);
  [[nodiscard]] KvError ChangeUser(const AuthOp& op);
  [[nodiscard]] KvError ChangeRole(const AuthOp& op);
  void Save(const AuthOp& op, const Layout& layout, WriteBatch* batch) const;
  void SaveUser(const std::string& name, const Layout& layout, WriteBatch* batch) const;

  std::map<std::string, AuthUser> users_;
  std::map<std::string, AuthRole> roles_;
};

}  // namespace keel::kv
