// Sessions: what makes a retried command take effect exactly once.
//
// A session is opened through the log and bound to its user. Each command of it carries a sequence
// number and the lowest one whose answer the client still needs; answers below that are deleted.
// A number that was carried out before gets its stored answer again. Everything is bounded:
// sessions, and the answers of each. A session that was not used for `idle_max_ms` of log time is
// gone, and its commands are refused, never carried out. In memory whole, and in the engine.
// Belongs to the apply role.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "kv/engine/engine.h"
#include "kv/mvcc/answer.h"
#include "kv/mvcc/command.h"
#include "kv/mvcc/layout.h"

namespace keel::kv {

// Part of the rules by which the log is applied: the same on every member, or they come apart.
struct SessionLimits {
  size_t sessions_max = 10'000;
  size_t answers_max = 1'024;                  // unacknowledged, of one session
  size_t answers_bytes_max = size_t{1} << 20;  // of one session
  size_t answer_bytes_max = size_t{64} << 10;  // a larger one is not kept
  uint64_t idle_max_ms = 3'600'000;
};

class SessionTable {
 public:
  explicit SessionTable(const SessionLimits& limits) : limits_(limits) {}

  struct Scope {
    const Layout* layout = nullptr;
    WriteBatch* batch = nullptr;
    uint64_t log_time_ms = 0;
  };

  [[nodiscard]] KvError Open(SessionId id, const std::string& user, const Scope& scope);
  void Close(SessionId id, const Scope& scope);
  // Drops all that were idle for too long.
  void Expire(const Scope& scope);

  // What comes of a command before it is carried out: go on, refuse, or answer as before.
  struct Admission {
    KvError refused = KvError::kNone;
    std::optional<Outcome> answer;
  };
  [[nodiscard]] Admission Admit(const Origin& origin, const Scope& scope);
  // Keeps the answer of a command that was admitted and carried out.
  void Keep(const Origin& origin, const Outcome& outcome, const Scope& scope);

  [[nodiscard]] size_t size() const { return sessions_.size(); }
  [[nodiscard]] bool Contains(SessionId id) const { return sessions_.contains(id); }
  [[nodiscard]] size_t answers_bytes() const { return answers_bytes_; }

  Status Load(Engine* engine, const Layout& layout);

 private:
  struct Session {
    std::string user;
    uint64_t used_ms = 0;
    uint64_t lowest = 0;  // answers below it are gone
    std::map<uint64_t, std::string> answers;
    size_t answers_bytes = 0;
  };
  using Sessions = std::map<SessionId, Session>;

  void Touch(SessionId id, Session* session, const Scope& scope);
  void Acknowledge(SessionId id, Session* session, uint64_t lowest, const Scope& scope);
  void Drop(Sessions::iterator at, const Scope& scope);

  const SessionLimits limits_;
  Sessions sessions_;
  std::set<std::pair<uint64_t, SessionId>> by_use_;
  size_t answers_bytes_ = 0;
};

}  // namespace keel::kv
