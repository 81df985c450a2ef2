// The replicated state of one group: what the log of commands has made, on an engine.
//
// Apply is the one door by which it changes. Each call carries out a run of entries and hands the
// engine one batch (seldom more, never less than whole entries) that also holds the applied index
// and term: what is on the disk always stands for exactly one position of the log. Apply reads no
// clock and no randomness, and refuses what it refuses from the log and the state alone, so that
// members that applied the same entries are equal; the chain hash says so.
//
// Threads: Apply and everything not marked otherwise belong to the apply role. view() may be called
// from any thread, and what it gives serves all reads. Failures: a Status from Apply is final; the
// store must be opened anew.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/thread_checker.h"
#include "kv/auth/auth_state.h"
#include "kv/engine/engine.h"
#include "kv/lease/lease_table.h"
#include "kv/mvcc/alarms.h"
#include "kv/mvcc/answer.h"
#include "kv/mvcc/command.h"
#include "kv/mvcc/head_cache.h"
#include "kv/mvcc/operation_counts.h"
#include "kv/mvcc/pending.h"
#include "kv/mvcc/prefix_rules.h"
#include "kv/mvcc/read_view.h"
#include "kv/mvcc/state.h"
#include "kv/session/session_table.h"

namespace keel::kv {

// One committed entry. Entries that are no commands carry an empty payload, or a membership.
struct LogEntry {
  enum class Kind : uint8_t { kCommand, kNothing, kMembership };
  Kind kind = Kind::kCommand;
  Index index;
  Term term;
  uint64_t stamped_ms = 0;  // the leader's wall time; log time is the greatest so far
  std::string_view payload;
};

struct StoreOptions {
  Engine* engine = nullptr;  // outlives the store
  uint32_t group = 0;
  size_t head_cache_bytes = size_t{44} << 20;
  SessionLimits sessions;
  OperationCounts* counts = nullptr;  // may be null
  // Called in Apply with each run of new revisions, once they are in the engine and visible.
  std::function<void(std::span<const std::shared_ptr<const RevisionEvents>>)> on_revisions;
  // Called in Apply for each change of a lease: for a leader's LeaseClock.
  std::function<void(LeaseId, const Lease*)> on_lease;
};

class Store {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Store>> Open(StoreOptions options);

  // Carries out entries that follow on the applied one without a gap; the outcomes, one for each
  // entry, are appended to *outcomes.
  Status Apply(std::span<const LogEntry> entries, std::vector<Outcome>* outcomes);

  // The state after the last Apply, for reading. Any thread.
  [[nodiscard]] std::shared_ptr<const ReadView> view() const;

  [[nodiscard]] const StoreState& state() const { return state_; }
  [[nodiscard]] const LeaseTable& leases() const { return leases_; }
  [[nodiscard]] const SessionTable& sessions() const { return sessions_; }
  [[nodiscard]] const AuthState& auth() const { return auth_; }
  [[nodiscard]] const PrefixRules& rules() const { return rules_; }
  [[nodiscard]] const Alarms& alarms() const { return alarms_; }
  // By an alarm that was raised, or by the quota of the whole, which lets go by itself.
  [[nodiscard]] bool IsFull() const {
    return alarms_.IsRaised(AlarmKind::kNoSpace) || rules_.IsWholeFull();
  }
  [[nodiscard]] const Layout& layout() const { return layout_; }
  [[nodiscard]] Engine& engine() const { return *options_.engine; }

  // The last membership entry's payload, as the server wrote it; empty when there was none.
  [[nodiscard]] const std::string& membership() const { return membership_; }
  // How far the archive holds the log; none: there is none, or nothing is in it.
  [[nodiscard]] Index archived() const { return archived_; }
  // The chain hash right after the entry at `index`, a multiple of kChainEvery among the last
  // kChainKept; NOT_FOUND else. Any thread.
  [[nodiscard]] Result<uint64_t> ChainHashAt(Index index) const;

 private:
  explicit Store(StoreOptions options);
  [[nodiscard]] Status Load();

  // Sends for what the puts among them will ask for first.
  void Prefetch(std::span<const std::optional<Command>> commands) const;
  // Takes the command's strings with it.
  Status ApplyOne(const LogEntry& entry, std::optional<Command>* command,
                  std::vector<Outcome>* outcomes);
  [[nodiscard]] Result<Outcome> ApplyCommand(const LogEntry& entry, Command* command);
  [[nodiscard]] Result<Outcome> Admitted(const LogEntry& entry, Command* command);
  [[nodiscard]] Result<KvError> Authorise(const Command& command);
  [[nodiscard]] Result<Outcome> Carry(const LogEntry& entry, Command* command);
  [[nodiscard]] Result<Outcome> Leases(const LogEntry& entry, const Operation& operation);
  [[nodiscard]] Result<Outcome> Key(Operation* operation);
  [[nodiscard]] KvError Compact(const CompactOp& op);
  void MarkArchived(const ArchiveMarkOp& op);
  [[nodiscard]] Result<KvError> SetRule(const PrefixRuleOp& op);
  void Chain(const LogEntry& entry, const Outcome& outcome);
  Status Flush();
  void Publish();

  [[nodiscard]] SessionTable::Scope SessionScope();
  [[nodiscard]] ReadView MakeView() const;

  const StoreOptions options_;
  const Layout layout_;
  ThreadChecker thread_;
  StoreState state_;
  HeadCache heads_;
  PrefixRules rules_;
  LeaseTable leases_;
  SessionTable sessions_;
  AuthState auth_;
  Alarms alarms_;
  std::string membership_;
  Index archived_;
  Pending pending_;

  mutable std::mutex view_mutex_;
  std::shared_ptr<const ReadView> view_;  // under view_mutex_
};

}  // namespace keel::kv
