// One step of the core, and the carrying out of what it says.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "server/node/node.h"

namespace keel::node {

namespace {

constexpr uint64_t kHousekeepEveryMs = 50;

}  // namespace

uint64_t Node::NowMs() const {
  if (KEEL_MUTANT(kWallClockTimers33)) return seams_.clock->WallMs();
  return seams_.clock->MonotonicMs();
}

void Node::Feed(raft::Event event) {
  if (stopped_) return;
  inputs_.push_back({raft::Instant(NowMs()), std::move(event)});
  ScheduleStep();
}

// The step goes behind everything that is queued already: all of that becomes one batch.
void Node::ScheduleStep() {
  if (step_scheduled_ || stopped_) return;
  step_scheduled_ = true;
  seams_.roles.node->Post([this] { Step(); });
}

void Node::Step() {
  KEEL_CHECK(seams_.roles.node->IsCurrent()) << "the core belongs to the node role";
  step_scheduled_ = false;
  if (stopped_) return;
  HandProposals();
  stepping_.clear();
  stepping_.swap(inputs_);
  if (seams_.on_inputs) seams_.on_inputs(*core_, stepping_);
  core_->Step(stepping_, out_);
  if (seams_.on_step) seams_.on_step(*core_, out_);
  CarryOut();
  // What was gathered goes as soon as the step has committed what it waited for.
  if (gather_until_us_ != 0 && !Gathers()) {
    EndGathering();
    ScheduleStep();
  }
}

// In the order that raft/io.h demands.
void Node::CarryOut() {
  HandPersist();
  if (installs_due_ == 0) receiver_.Release();
  HandMessages();
  if (!out_.committed.empty()) {
    commits_.push_back({out_.committed.back().index, NowMs()});
    apply_.Apply(std::move(out_.committed));
  }
  HandReads();
  HandFetches();
  for (const raft::ProposalResult& result : out_.proposals) OnProposalResult(result);
  for (const raft::ConfigChangeResult& result : out_.config_changes) OnConfigResult(result);
  for (const raft::TransferResult& result : out_.transfers) {
    for (auto& done : std::exchange(transfers_, {})) std::move(done)(result.outcome);
    const bool goes_on = result.outcome == raft::TransferOutcome::kStarted ||
                         result.outcome == raft::TransferOutcome::kBusy;
    // Nobody can take over: waiting on would only make the gap longer.
    if (!goes_on) hands_off_ = false;
  }
  for (const raft::Notice& notice : out_.notices) {
    if (notice.kind == raft::NoticeKind::kHealed) writer_->SetDamaged(false);
    if (seams_.on_notice) seams_.on_notice(notice);
  }
  NoteLeadership();
  CompactLog();
  PublishStatus();
  TellMembers();
  ArmWake();
  MaybeFinishStop();
}

void Node::HandPersist() {
  raft::Persist& persist = out_.persist;
  if (persist.IsEmpty()) return;
  if (persist.snapshot.has_value()) {
    const Index base = persist.snapshot->last.index;
    persist.keeps_log ? sizes_.CompactTo(base) : sizes_.Reset(base);
    compacted_ = base;  // this persist cuts the log
    ++installs_due_;
  }
  sizes_.Append(persist.entries);
  if (!installing_ && !persist.snapshot.has_value()) return writer_->Write(std::move(persist));
  held_persists_.push_back(std::move(persist));
  if (!installing_) BeginInstall();
}

void Node::HandMessages() {
  const auto send = [this](raft::Message message) {
    const NodeId to = message.to;
    PeerMessage wrapped = std::move(message);
    const Lane lane = LaneOf(wrapped);
    seams_.transport->Send(to, lane, std::move(wrapped));
  };
  for (raft::Message& message : out_.send_now) send(std::move(message));
  if (KEEL_MUTANT(kPromisesNotAwaited3)) {
    for (raft::Message& message : out_.send_after_persist) send(std::move(message));
    return;
  }
  if (out_.send_after_persist.empty()) return;
  promises_.push_back({out_.after, std::move(out_.send_after_persist)});
}

void Node::OnPersisted(raft::PersistId id) {
  if (stopped_) return;
  while (!promises_.empty() && promises_.front().after <= id) {
    // One write may hold what cuts the log again; what was promised before that is told before it.
    if (seams_.on_persisted) seams_.on_persisted(*core_, promises_.front().after);
    for (raft::Message& message : promises_.front().messages) {
      const NodeId to = message.to;
      PeerMessage wrapped = std::move(message);
      const Lane lane = LaneOf(wrapped);
      seams_.transport->Send(to, lane, std::move(wrapped));
    }
    promises_.pop_front();
  }
  if (seams_.on_persisted) seams_.on_persisted(*core_, id);
  Feed(raft::PersistDone{id});
}

void Node::HandReads() {
  if (!out_.reads_ready.empty()) {
    const uint64_t now_ms = NowMs();
    for (const raft::ReadReady& ready : out_.reads_ready) reads_.OnReady(ready, now_ms);
    reads_.OnApplied(view(), now_ms);
  }
  bool again = false;
  for (const raft::ReadRefused& refused : out_.reads_refused) {
    again |= reads_.OnRefused(refused, NowMs());
  }
  if (again) {
    // Not at once: without a leader they would go round and round.
    seams_.roles.node->PostAfter(kHousekeepEveryMs * 1000, [this] {
      std::vector<raft::ReadId> ids = reads_.AskAgain();
      if (!ids.empty()) Feed(raft::ReadRequest{std::move(ids)});
    });
  }
}

void Node::HandFetches() {
  for (const raft::EntriesWanted& wanted : out_.entries_wanted) {
    writer_->Read({.first = wanted.first, .size_bytes_max = wanted.size_bytes_max},
                  [this, wanted](std::vector<raft::Entry> entries) {
                    Feed(raft::EntriesFetched{
                        .peer = wanted.peer, .first = wanted.first, .entries = std::move(entries)});
                  });
  }
  for (const raft::SnapshotWanted& wanted : out_.snapshots_wanted) WantSnapshot(wanted);
  BeginSnapshots();
}

void Node::OnApplied(AppliedBatch batch) {
  Feed(raft::Applied{batch.through});
  const uint64_t now_ms = NowMs();
  NoteTimes(&batch, now_ms);
  for (AppliedBatch::Own& own : batch.own) {
    pending_.OnApplied(own.sequence, std::move(own.applied));
  }
  pending_.OnAppliedThrough({batch.through, batch.term});
  reads_.OnApplied(view(), now_ms);
  if (!batch.chain.empty()) TellChain(std::move(batch.chain));
  if (batch.members_changed) {
    apply_.Run([this](const StateMachine& machine) {
      seams_.roles.node->Post(
          [this, config = machine.membership(), known = machine.store().state().applied] {
            NoteMembership(config, known);
            PublishStatus();
          });
    });
  }
}

// When each was committed: a step commits what the next batches apply.
void Node::NoteTimes(AppliedBatch* batch, uint64_t now_ms) {
  if (options_.slow_apply_ms != 0 && batch->took_ms >= options_.slow_apply_ms) ++slow_applies_;
  const auto pass = [this](Index index) {
    while (!commits_.empty() && commits_.front().through < index) commits_.pop_front();
  };
  for (AppliedBatch::Own& own : batch->own) {
    pass(own.applied.index);
    own.applied.times.committed_ms = commits_.empty() ? now_ms : commits_.front().at_ms;
    own.applied.times.applied_ms = now_ms;
  }
  pass(batch->through + 1);
}

void Node::OnFailed(const Status& status) {
  if (stopped_) return;
  // A node whose disk has failed promises nothing any more (cockroach 37102).
  FinishStop();
  if (seams_.on_failed) seams_.on_failed(status);
}

// What has changed of who leads decides about everything that was handed to the one before.
void Node::NoteLeadership() {
  const bool leads = core_->role() == raft::Role::kLeader;
  const NodeId leader = leads ? core_->id() : core_->leader();
  if (leader == leader_ && core_->term() == term_ && leads == leading_) return;
  if (!leader_.IsNone()) {
    pending_.OnLeaderLost(leader_, UnknownReason::kLeaderChanged, NowMs());
    EndHanded(leader_, UnknownReason::kLeaderChanged);
  }
  if (leads != leading_ || core_->term() != term_) {
    apply_.SetLeaderTerm(leads ? core_->term() : Term());
  }
  if (!leads) {
    sender_.Clear();
    snapshots_wanted_.clear();
  }
  if (leading_ && !leads) led_until_ms_ = NowMs();
  leader_ = leader;
  term_ = core_->term();
  leading_ = leads;
  proposals_wait_until_ms_ = 0;
  lease_asks_.SetLeader(leader_);
  if (pending_.HasHeld()) ScheduleStep();
}

void Node::ArmWake() {
  if (stopped_) return;
  const raft::Instant wake = out_.wake_at;
  // A timer that is due no later serves as well: its tick finds nothing to do, and arms anew.
  if (!wake_timer_.IsNone() && wake_at_ <= wake) return;
  if (!wake_timer_.IsNone()) seams_.roles.node->Cancel(wake_timer_);
  wake_at_ = wake;
  const uint64_t now_us = seams_.clock->MonotonicUs();
  const uint64_t wake_us = wake.value() * 1000;
  wake_timer_ = seams_.roles.node->PostAfter(wake_us > now_us ? wake_us - now_us : 0, [this] {
    wake_timer_ = TimerId();
    Feed(raft::Tick{});
  });
}

void Node::HousekeepLater() {
  if (stopped_) return;
  seams_.roles.node->PostAfter(kHousekeepEveryMs * 1000, [this] {
    if (stopped_) return;
    Housekeep();
    HousekeepLater();
  });
}

void Node::Housekeep() {
  const uint64_t now_ms = NowMs();
  pending_.Settle(now_ms);
  reads_.Expire(now_ms);
  SettleChanges();
  sender_.Housekeep();
  lease_asks_.Housekeep(now_ms);
  compaction_.Advance(&apply_.machine());
  if (pending_.HasHeld() && now_ms >= proposals_wait_until_ms_) ScheduleStep();
  if (now_ms >= retained_ms_ + options_.retention_every_ms) {
    retained_ms_ = now_ms;
    Retain();
  }
  MaybeFinishStop();
}

// How far the log may go: what the state has durably, and nobody needs.
Index Node::RetentionTarget() const {
  Index target =
      std::min(apply_.machine().durable(), sizes_.LowestKeeping(options_.log_kept_bytes_min));
  // On every member: whoever leads next goes on where the archive ends.
  if (const uint64_t hold = options_.archive_hold_bytes_max; hold != 0) {
    target = std::min(target, std::max(apply_.machine().archived(), sizes_.LowestKeeping(hold)));
  }
  if (!leading_) return target;
  if (const Index pinned = sender_.Pinned(); !pinned.IsNone()) target = std::min(target, pinned);
  const Index lowest = sizes_.LowestKeeping(options_.log_kept_bytes_max);
  for (const raft::Progress& peer : core_->peers()) {
    target = std::min(target, std::max(peer.match, lowest));
  }
  return target;
}

void Node::Retain() {
  const Index durable = apply_.machine().durable();
  // An idle state is made durable too, so that a restart finds it and the log may go.
  if (durable < core_->applied() && durable == durable_seen_) {
    apply_.Sync();
  }
  durable_seen_ = durable;
  const Index target = RetentionTarget();
  if (target > core_->log().base().index) Feed(raft::Compact{target});
}

// The disk follows the core: first the config that goes with the new base, then the log.
void Node::CompactLog() {
  const raft::Position base = core_->log().base();
  if (base.index <= compacted_) return;
  compacted_ = base.index;
  sizes_.CompactTo(base.index);
  SaveConfig(base, core_->configs().At(base.index)->Encode(membership_->Encode()), [this, base] {
    if (!stopped_) writer_->Compact(base);
  });
}

void Node::TellMembers() {
  if (!seams_.on_members) return;
  const std::shared_ptr<const raft::Config> config = core_->configs().At(core_->commit());
  if (config == config_told_ && membership_ == membership_told_) return;
  config_told_ = config;
  membership_told_ = membership_;
  seams_.on_members(membership_, config);
}

void Node::PublishStatus() {
  const std::lock_guard lock(status_mutex_);
  status_.id = core_->id();
  status_.cluster_id = cluster_id_;
  status_.role = core_->role();
  status_.health = core_->health();
  status_.leader = leader_;
  status_.term = core_->term();
  status_.last = core_->log().last().index;
  status_.commit = core_->commit();
  status_.applied = core_->applied();
  status_.log_base = core_->log().base().index;
  status_.archived = apply_.machine().archived();
  status_.log_bytes = log_bytes_;
  status_.config = core_->configs().At(core_->log().last().index);
  status_.membership = membership_;
}

}  // namespace keel::node
