#include "kv/session/session_table.h"

#include <algorithm>

#include "base/coding.h"
#include "base/mutant.h"
#include "kv/mvcc/version_walk.h"

namespace keel::kv {

void SessionTable::Touch(SessionId id, Session* session, const Scope& scope) {
  by_use_.erase({session->used_ms, id});
  session->used_ms = scope.log_time_ms;
  by_use_.insert({session->used_ms, id});
  std::string value;
  AppendVarint64(&value, session->used_ms);
  AppendVarint64(&value, session->lowest);
  AppendLengthPrefixed(&value, session->user);
  scope.batch->Put(scope.layout->NumberKey(Family::kSessions, id.value()), value);
}

KvError SessionTable::Open(SessionId id, const std::string& user, const Scope& scope) {
  if (sessions_.contains(id)) return KvError::kSessionWrongUser;
  if (sessions_.size() >= limits_.sessions_max) return KvError::kTooManySessions;
  Session& session = sessions_[id];
  session.user = user;
  Touch(id, &session, scope);
  return KvError::kNone;
}

void SessionTable::Drop(Sessions::iterator at, const Scope& scope) {
  const auto& [id, session] = *at;
  for (const auto& [sequence, answer] : session.answers) {
    scope.batch->Delete(scope.layout->OutcomeKey(id, sequence));
  }
  scope.batch->Delete(scope.layout->NumberKey(Family::kSessions, id.value()));
  answers_bytes_ -= session.answers_bytes;
  by_use_.erase({session.used_ms, id});
  sessions_.erase(at);
}

void SessionTable::Close(SessionId id, const Scope& scope) {
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) Drop(found, scope);
}

void SessionTable::Expire(const Scope& scope) {
  while (!by_use_.empty()) {
    const auto [used_ms, id] = *by_use_.begin();
    if (used_ms + limits_.idle_max_ms >= scope.log_time_ms) return;
    Drop(sessions_.find(id), scope);
  }
}

void SessionTable::Acknowledge(SessionId id, Session* session, uint64_t lowest,
                               const Scope& scope) {
  session->lowest = std::max(session->lowest, lowest);
  while (!session->answers.empty() && session->answers.begin()->first < session->lowest) {
    const auto oldest = session->answers.begin();
    scope.batch->Delete(scope.layout->OutcomeKey(id, oldest->first));
    session->answers_bytes -= oldest->second.size();
    answers_bytes_ -= oldest->second.size();
    session->answers.erase(oldest);
  }
}

SessionTable::Admission SessionTable::Admit(const Origin& origin, const Scope& scope) {
  const auto found = sessions_.find(origin.session);
  if (found == sessions_.end()) return {.refused = KvError::kSessionUnknown};
  Session& session = found->second;
  if (session.user != origin.user) return {.refused = KvError::kSessionWrongUser};
  Acknowledge(origin.session, &session, origin.lowest_unacknowledged, scope);
  Touch(origin.session, &session, scope);
  if (origin.sequence < session.lowest) return {.refused = KvError::kSessionAcknowledged};
  const auto answer = session.answers.find(origin.sequence);
  if (answer != session.answers.end() && !KEEL_MUTANT(kRetryTwice47)) {
    Admission admission;
    admission.answer = DecodeOutcome(answer->second);
    KEEL_CHECK(admission.answer.has_value()) << "a session's answer was checked when it was loaded";
    return admission;
  }
  const bool full = session.answers.size() >= limits_.answers_max ||
                    session.answers_bytes >= limits_.answers_bytes_max;
  return {.refused = full ? KvError::kSessionFull : KvError::kNone};
}

void SessionTable::Keep(const Origin& origin, const Outcome& outcome, const Scope& scope) {
  const auto found = sessions_.find(origin.session);
  // A command may close its own session.
  if (found == sessions_.end()) return;
  std::string bytes = EncodeOutcome(outcome);
  if (bytes.size() > limits_.answer_bytes_max) {
    bytes = EncodeOutcome({.error = KvError::kSessionAnswerDropped, .revision = outcome.revision});
  }
  scope.batch->Put(scope.layout->OutcomeKey(origin.session, origin.sequence), bytes);
  found->second.answers_bytes += bytes.size();
  answers_bytes_ += bytes.size();
  found->second.answers.emplace(origin.sequence, std::move(bytes));
}

Status SessionTable::Load(Engine* engine, const Layout& layout) {
  const auto iterator = engine->Iterate({});
  const std::string family = layout.Prefix(Family::kSessions);
  for (iterator->Seek(family); iterator->Valid() && iterator->key().starts_with(family);
       iterator->Next()) {
    Session session;
    ByteReader reader(iterator->value());
    std::string_view user;
    reader.ReadVarint64(&session.used_ms);
    reader.ReadVarint64(&session.lowest);
    reader.ReadLengthPrefixed(&user);
    const std::string_view number = iterator->key().substr(family.size());
    if (!reader.AtEnd() || number.size() != 8) return UndecodableRecord(iterator->key());
    session.user = user;
    const SessionId id(DecodeBigEndian64(number));
    by_use_.insert({session.used_ms, id});
    sessions_.emplace(id, std::move(session));
  }
  KEEL_RETURN_IF_ERROR(iterator->status());
  const std::string outcomes = layout.Prefix(Family::kOutcomes);
  for (iterator->Seek(outcomes); iterator->Valid() && iterator->key().starts_with(outcomes);
       iterator->Next()) {
    const std::string_view numbers = iterator->key().substr(outcomes.size());
    if (numbers.size() != 16 || !DecodeOutcome(iterator->value()).has_value()) {
      return UndecodableRecord(iterator->key());
    }
    const auto found = sessions_.find(SessionId(DecodeBigEndian64(numbers)));
    if (found == sessions_.end()) return UndecodableRecord(iterator->key());
    found->second.answers.emplace(DecodeBigEndian64(numbers.substr(8)), iterator->value());
    found->second.answers_bytes += iterator->value().size();
    answers_bytes_ += iterator->value().size();
  }
  return iterator->status();
}

}  // namespace keel::kv
