// Whether a command's user may have it carried out: asked in apply, of the replicated state.
//
// Reading the answers of a command (prev_kv, ranges, compares) needs the right to read, changing
// the right to write, and attaching to a lease the right to write what hangs on it; both branches
// of a transaction count, since nobody knows which will run. Belongs to the apply role.
#pragma once

#include "base/result.h"
#include "kv/auth/auth_state.h"

namespace keel::kv {

struct AuthScope {
  const AuthState* auth = nullptr;
  const StoreState* state = nullptr;
  Engine* engine = nullptr;  // holds the keys attached to a lease
  const Layout* layout = nullptr;
};

// Requires that auth is on. Commands of a leader on its own account always pass.
[[nodiscard]] Result<KvError> AuthoriseCommand(const Command& command, const AuthScope& scope);

// Whether AuthoriseCommand will ask the engine what hangs on a lease: then everything before the
// command must be in it.
[[nodiscard]] bool ReadsAttachedKeys(const Command& command);

// For reads, which do not go through the log.
[[nodiscard]] KvError AuthoriseRange(const AuthState& auth, std::string_view user,
                                     const KeyRange& keys);

}  // namespace keel::kv
