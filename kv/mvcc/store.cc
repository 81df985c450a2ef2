#include "kv/mvcc/store.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "base/mutant.h"
#include "kv/auth/authorise.h"
#include "kv/mvcc/executor.h"
#include "kv/mvcc/lease_executor.h"
#include "kv/mvcc/txn_shape.h"
#include "kv/mvcc/validate.h"
#include "kv/mvcc/version_walk.h"

namespace keel::kv {

namespace {

constexpr size_t kDecodedAhead = 8;

// Member by member: g++ 12 takes a variant that moves within an aggregate for uninitialised.
template <class T>
Outcome ToOutcome(Refusable<T>* refusable) {
  Outcome outcome;
  outcome.error = refusable->error;
  if (refusable->error == KvError::kNone) {
    outcome.answer.template emplace<T>(std::move(refusable->value));
  }
  return outcome;
}

void Decode(const LogEntry& entry, std::optional<Command>* command) {
  command->reset();
  if (entry.kind == LogEntry::Kind::kCommand) *command = DecodeCommand(entry.payload);
}

// Whether the command reads from the engine what earlier commands of the batch may have changed.
bool NeedsEngine(const Command& command, bool auth_enabled) {
  if (std::holds_alternative<LeaseRevokeOp>(command.operation)) return true;
  if (auth_enabled && ReadsAttachedKeys(command)) return true;
  const auto* txn = std::get_if<TxnOp>(&command.operation);
  return txn != nullptr && ReadsThePast(*txn);
}

bool IsOfLeases(const Operation& operation) {
  return std::holds_alternative<LeaseGrantOp>(operation) ||
         std::holds_alternative<LeaseRevokeOp>(operation) ||
         std::holds_alternative<LeaseCheckpointOp>(operation);
}

}  // namespace

Store::Store(StoreOptions options)
    : options_(std::move(options)),
      layout_(options_.group),
      heads_(options_.head_cache_bytes),
      sessions_(options_.sessions),
      pending_({.engine = options_.engine,
                .layout = &layout_,
                .heads = &heads_,
                .rules = &rules_,
                .state = &state_}) {}

Result<std::unique_ptr<Store>> Store::Open(StoreOptions options) {
  std::unique_ptr<Store> store(new Store(std::move(options)));
  KEEL_RETURN_IF_ERROR(store->Load());
  return store;
}

Status Store::Load() {
  const std::string key = layout_.NameKey(Family::kState, kStateName);
  std::string bytes;
  KEEL_ASSIGN_OR_RETURN(const bool found, options_.engine->Get(key, &bytes));
  if (found && !DecodeState(bytes, &state_)) return UndecodableRecord(key);
  std::string fence;
  KEEL_ASSIGN_OR_RETURN(const bool fenced,
                        options_.engine->Get(layout_.Prefix(Family::kFence), &fence));
  if (!fenced) pending_.batch().Put(layout_.Prefix(Family::kFence), {});
  if (KEEL_MUTANT(kCompactionLowersRevision41)) {
    const auto iterator = options_.engine->Iterate({});
    const std::string family = layout_.Prefix(Family::kRevisions);
    state_.revision = Revision(1);
    for (iterator->Seek(family); iterator->Valid() && iterator->key().starts_with(family);
         iterator->Next()) {
      uint32_t sub = 0;
      (void)ParseRevisionKey(iterator->key(), &state_.revision, &sub);
    }
  }
  KEEL_RETURN_IF_ERROR(leases_.Load(options_.engine, layout_));
  KEEL_RETURN_IF_ERROR(sessions_.Load(options_.engine, layout_));
  KEEL_RETURN_IF_ERROR(auth_.Load(options_.engine, layout_));
  KEEL_RETURN_IF_ERROR(rules_.Load(options_.engine, layout_));
  KEEL_RETURN_IF_ERROR(alarms_.Load(options_.engine, layout_));
  const std::string membership = layout_.NameKey(Family::kState, kMembershipName);
  KEEL_RETURN_IF_ERROR(options_.engine->Get(membership, &membership_).status());
  std::string archived;
  const std::string archived_key = layout_.NameKey(Family::kState, kArchivedName);
  KEEL_ASSIGN_OR_RETURN(const bool has_mark, options_.engine->Get(archived_key, &archived));
  if (has_mark && archived.size() != 8) return UndecodableRecord(archived_key);
  if (has_mark) archived_ = Index(DecodeFixed64(archived.data()));
  Publish();
  return Status::Ok();
}

ReadView Store::MakeView() const {
  return ReadView({.engine = options_.engine,
                   .snapshot = options_.engine->Snapshot(),
                   .layout = layout_,
                   .applied = state_.applied,
                   .applied_term = state_.applied_term,
                   .log_time_ms = state_.log_time_ms,
                   .revision = state_.revision,
                   .compacted = state_.compacted,
                   .auth_enabled = state_.auth_enabled});
}

void Store::Publish() {
  auto view = std::make_shared<const ReadView>(MakeView());
  const std::lock_guard lock(view_mutex_);
  view_.swap(view);
}

std::shared_ptr<const ReadView> Store::view() const {
  const std::lock_guard lock(view_mutex_);
  return view_;
}

SessionTable::Scope Store::SessionScope() {
  return {.layout = &layout_, .batch = &pending_.batch(), .log_time_ms = state_.log_time_ms};
}

Status Store::Apply(std::span<const LogEntry> entries, std::vector<Outcome>* outcomes) {
  KEEL_CHECK(thread_.IsCurrent()) << "Store belongs to the apply role";
  if (entries.empty()) return Status::Ok();
  // Some at a time: the processor waits for the places of many keys no longer than for one.
  std::array<std::optional<Command>, kDecodedAhead> commands;
  for (size_t from = 0; from < entries.size(); from += kDecodedAhead) {
    const auto next = entries.subspan(from, std::min(kDecodedAhead, entries.size() - from));
    for (size_t i = 0; i < next.size(); ++i) Decode(next[i], &commands[i]);
    Prefetch(std::span(commands).first(next.size()));
    for (size_t i = 0; i < next.size(); ++i) {
      KEEL_RETURN_IF_ERROR(ApplyOne(next[i], &commands[i], outcomes));
    }
  }
  return Flush();
}

void Store::Prefetch(std::span<const std::optional<Command>> commands) const {
  const auto put_of = [](const std::optional<Command>& command) {
    return command.has_value() ? std::get_if<PutOp>(&command->operation) : nullptr;
  };
  for (const auto& command : commands) {
    if (const PutOp* put = put_of(command)) heads_.PrefetchFront(put->key);
  }
  for (const auto& command : commands) {
    if (const PutOp* put = put_of(command)) heads_.PrefetchEntry(put->key);
  }
}

Status Store::Flush() {
  rules_.Save(layout_, &pending_.batch());
  std::vector<std::shared_ptr<const RevisionEvents>> events;
  KEEL_RETURN_IF_ERROR(pending_.Flush(&events));
  Publish();
  if (options_.on_revisions && !events.empty()) options_.on_revisions(events);
  return Status::Ok();
}

Status Store::ApplyOne(const LogEntry& entry, std::optional<Command>* command,
                       std::vector<Outcome>* outcomes) {
  KEEL_CHECK(entry.index == state_.applied.Next())
      << "entry " << entry.index.value() << " after " << state_.applied.value();
  // The entries before this one are whole: they may go to the engine ahead of it.
  if (command->has_value() && NeedsEngine(**command, state_.auth_enabled) && !pending_.empty()) {
    KEEL_RETURN_IF_ERROR(Flush());
  }
  state_.log_time_ms = std::max(state_.log_time_ms, entry.stamped_ms);
  pending_.effects().clear();
  Outcome outcome;
  if (command->has_value()) {
    KEEL_ASSIGN_OR_RETURN(outcome, ApplyCommand(entry, &**command));
  } else if (entry.kind == LogEntry::Kind::kCommand) {
    outcome.error = KvError::kBadCommand;
  } else if (entry.kind == LogEntry::Kind::kMembership) {
    membership_ = entry.payload;
    pending_.batch().Put(layout_.NameKey(Family::kState, kMembershipName), membership_);
  }
  state_.applied = entry.index;
  state_.applied_term = entry.term;
  outcome.revision = outcome.revision.IsNone() ? state_.revision : outcome.revision;
  Chain(entry, outcome);
  outcomes->push_back(std::move(outcome));
  return Status::Ok();
}

Result<Outcome> Store::ApplyCommand(const LogEntry& entry, Command* command) {
  sessions_.Expire(SessionScope());
  if (command->origin.session.IsNone()) return Admitted(entry, command);
  SessionTable::Admission admission = sessions_.Admit(command->origin, SessionScope());
  if (admission.answer.has_value()) return std::move(*admission.answer);
  if (admission.refused != KvError::kNone) return Outcome{.error = admission.refused};
  KEEL_ASSIGN_OR_RETURN(Outcome outcome, Admitted(entry, command));
  outcome.revision = state_.revision;
  sessions_.Keep(command->origin, outcome, SessionScope());
  return outcome;
}

Result<Outcome> Store::Admitted(const LogEntry& entry, Command* command) {
  if (const KvError bad = ValidateCommand(*command, {}); bad != KvError::kNone) {
    return Outcome{.error = bad};
  }
  KEEL_ASSIGN_OR_RETURN(const KvError refused, Authorise(*command));
  if (refused != KvError::kNone) return Outcome{.error = refused};
  const bool lowers_alarm = std::holds_alternative<AlarmOp>(command->operation);
  if (alarms_.IsRaised(AlarmKind::kCorrupt) && !lowers_alarm) {
    return Outcome{.error = KvError::kCorrupt};
  }
  Result<Outcome> outcome = Carry(entry, command);
  if (outcome.ok()) pending_.EndCommand();
  return outcome;
}

Result<Outcome> Store::Carry(const LogEntry& entry, Command* command) {
  const Operation& operation = command->operation;
  if (const auto* op = std::get_if<CompactOp>(&operation)) return Outcome{.error = Compact(*op)};
  if (IsOfLeases(operation)) return Leases(entry, operation);
  if (const auto* op = std::get_if<SessionOpenOp>(&operation)) {
    return Outcome{.error = sessions_.Open(op->id, command->origin.user, SessionScope())};
  }
  if (const auto* op = std::get_if<SessionCloseOp>(&operation)) {
    sessions_.Close(op->id, SessionScope());
    return Outcome();
  }
  if (const auto* op = std::get_if<AlarmOp>(&operation)) {
    alarms_.Apply(*op, layout_, &pending_.batch());
    return Outcome();
  }
  if (const auto* op = std::get_if<PrefixRuleOp>(&operation)) {
    KEEL_ASSIGN_OR_RETURN(const KvError refused, SetRule(*op));
    return Outcome{.error = refused};
  }
  if (const auto* op = std::get_if<ArchiveMarkOp>(&operation)) {
    MarkArchived(*op);
    return Outcome();
  }
  if (const auto* op = std::get_if<AuthOp>(&operation)) {
    return Outcome{.error = auth_.Apply(*op, &state_, layout_, &pending_.batch())};
  }
  return Key(&command->operation);
}

Result<Outcome> Store::Leases(const LogEntry& entry, const Operation& operation) {
  LeaseExecutor executor({.pending = &pending_,
                          .leases = &leases_,
                          .engine = options_.engine,
                          .layout = &layout_,
                          .is_full = IsFull(),
                          .counts = options_.counts,
                          .on_lease = &options_.on_lease});
  if (const auto* op = std::get_if<LeaseGrantOp>(&operation)) {
    Refusable<LeaseResult> granted = executor.Grant(*op);
    return ToOutcome(&granted);
  }
  if (const auto* op = std::get_if<LeaseRevokeOp>(&operation)) {
    KEEL_ASSIGN_OR_RETURN(const KvError refused, executor.Revoke(*op, entry.term));
    return Outcome{.error = refused};
  }
  executor.Checkpoint(std::get<LeaseCheckpointOp>(operation));
  return Outcome();
}

Result<Outcome> Store::Key(Operation* operation) {
  Executor::Parts parts{.pending = &pending_,
                        .leases = &leases_,
                        .rules = &rules_,
                        .state = &state_,
                        .no_space = IsFull(),
                        .counts = options_.counts};
  if (auto* op = std::get_if<PutOp>(operation)) {
    KEEL_ASSIGN_OR_RETURN(auto put, Executor(parts).Put(std::move(*op)));
    return ToOutcome(&put);
  }
  if (const auto* op = std::get_if<DeleteRangeOp>(operation)) {
    KEEL_ASSIGN_OR_RETURN(auto deleted, Executor(parts).DeleteRange(*op));
    return ToOutcome(&deleted);
  }
  const auto* op = std::get_if<TxnOp>(operation);
  KEEL_CHECK(op != nullptr) << "an operation without a rule";
  std::optional<ReadView> past;
  if (ReadsThePast(*op)) {
    past.emplace(MakeView());
    parts.past = &*past;
  }
  KEEL_ASSIGN_OR_RETURN(auto txn, Executor(parts).Txn(*op));
  return ToOutcome(&txn);
}

KvError Store::Compact(const CompactOp& op) {
  if (state_.has_compacted && op.revision <= state_.compacted) return KvError::kCompacted;
  if (op.revision > state_.revision) return KvError::kFutureRevision;
  state_.compacted = op.revision;
  state_.has_compacted = true;
  return KvError::kNone;
}

// Marks of two leaders may cross; what is archived stays so.
void Store::MarkArchived(const ArchiveMarkOp& op) {
  if (op.through <= archived_) return;
  archived_ = op.through;
  std::string value;
  AppendFixed64(&value, archived_.value());
  pending_.batch().Put(layout_.NameKey(Family::kState, kArchivedName), value);
}

Result<KvError> Store::SetRule(const PrefixRuleOp& op) {
  if (op.remove) {
    rules_.Remove(op.prefix);
    return KvError::kNone;
  }
  const auto found = rules_.rules().find(op.prefix);
  PrefixRule rule;
  if (found != rules_.rules().end()) {
    rule = found->second;
  } else {
    if (rules_.rules().size() >= PrefixRules::kRulesMax) return KvError::kTooManyPrefixRules;
    KEEL_RETURN_IF_ERROR(pending_.ForEachLive(PrefixRange(op.prefix), [&rule](const KeyValue& kv) {
      rule.live_keys += 1;
      rule.live_bytes += kv.key.size() + kv.value.size();
      return true;
    }));
  }
  rule.quota_bytes = op.quota_bytes;
  rule.full = false;
  rules_.Set(op.prefix, rule);
  return KvError::kNone;
}

Result<KvError> Store::Authorise(const Command& command) {
  if (!state_.auth_enabled) return KvError::kNone;
  return AuthoriseCommand(
      command, {.auth = &auth_, .state = &state_, .engine = options_.engine, .layout = &layout_});
}

void Store::Chain(const LogEntry& entry, const Outcome& outcome) {
  std::string& effects = pending_.effects();
  char end[3 * sizeof(uint64_t) + 1];
  EncodeFixed64(end, entry.index.value());
  EncodeFixed64(end + sizeof(uint64_t), entry.term.value());
  EncodeFixed64(end + 2 * sizeof(uint64_t), outcome.revision.value());
  end[3 * sizeof(uint64_t)] = static_cast<char>(outcome.error);
  effects.append(end, sizeof(end));
  state_.chain_hash = Checksum(effects, Checksum(entry.payload, state_.chain_hash));
  const uint64_t index = entry.index.value();
  if (index % kChainEvery != 0) return;
  std::string value;
  AppendFixed64(&value, state_.chain_hash);
  pending_.batch().Put(layout_.NumberKey(Family::kChain, index), value);
  if (index > kChainEvery * kChainKept) {
    pending_.batch().Delete(layout_.NumberKey(Family::kChain, index - kChainEvery * kChainKept));
  }
}

Result<uint64_t> Store::ChainHashAt(Index index) const {
  std::string value;
  KEEL_ASSIGN_OR_RETURN(
      const bool found,
      options_.engine->Get(layout_.NumberKey(Family::kChain, index.value()), &value));
  if (!found || value.size() != 8) {
    return NotFound("no chain hash is kept at index " + std::to_string(index.value()));
  }
  return DecodeFixed64(value.data());
}

}  // namespace keel::kv
