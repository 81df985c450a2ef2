#include "tests/sim/host.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace keel::sim {

namespace {

// What the wall clocks show when the world begins: they have long been running.
constexpr Micros kWallStart = 1'000'000 * kSecond;

}  // namespace

Host::Host(Surroundings* world, Slot slot, raft::SnapshotMeta base, Prng prng, NodeClock clock)
    : world_(world),
      slot_(slot),
      id_(uint64_t{slot} + 1),
      prng_(prng),
      clock_(clock),
      disk_(std::move(base)) {}

bool Host::IsWhole() const {
  return !disk_.is_damaged() && !disk_.is_wiped() && !disk_.IsStateLost();
}

void Host::Schedule(EventKind kind, Micros delay, uint64_t argument) {
  world_->queue->Push(
      {.at = now() + delay, .argument = argument, .epoch = epoch_, .slot = slot_, .kind = kind});
}

raft::Restored Host::Recall() {
  if (disk_.image()->meta.last.index > disk_.last()) {
    // What is left of the log ends below the state: it is worth nothing.
    disk_.BeginBehindImage();
    checker().OnDiskReplaced(id_, disk_.base().last);
  }
  raft::Restored past(disk_.base());
  for (Index i = disk_.base().last.index.Next(); i <= disk_.last(); i = i.Next()) {
    past.Add(disk_.At(i), world_->profile->options.cache_bytes_max);
  }
  past.vote = disk_.vote();
  past.applied = disk_.image()->meta.last.index;
  past.damaged = disk_.is_damaged();
  return past;
}

// As raft/types.h asks of a driver: greater than what the disk kept, and than any number that a
// lost directory may have kept, because wall time has passed since.
uint64_t Host::NextBoot() const {
  return std::max(disk_.boot() + 1, (kWallStart + now()) / kMillisecond);
}

void Host::Start() {
  KEEL_CHECK(!IsUp()) << "a host that runs is not started";
  boot_ = NextBoot();
  disk_.SetBoot(boot_);
  ++starts_;
  ++epoch_;
  raft::Options options = world_->profile->options;
  options.id = id_;
  options.boot = raft::BootId(boot_);
  options.seed = prng_.Next();
  core_ = std::make_unique<raft::Raft>(options, Recall(), world_->story);
  state_ = disk_.image()->state;
  seen_role_ = raft::Role::kFollower;
  checker().OnStart(*core_);
  catches_up_to_ = checker().committed();
  if (starts_ > 1) world_->phases->Begin(Phase::kRestart, slot_);
  is_catching_up_ = true;
  Schedule(EventKind::kFlush, world_->profile->flush_every.Pick(prng_));
  Feed(raft::Tick{});
}

void Host::Crash() {
  KEEL_CHECK(IsUp()) << "only what runs can crash";
  GiveUpEverything();
  disk_.Crash(prng_, [this](const raft::Persist& done) { checker().OnDurable(id_, done); });
  checker().OnStop(id_);
  core_.reset();
  ++epoch_;
  is_paused_ = false;
  for (const Event& event : held_) {
    if (event.kind == EventKind::kDeliver) (void)world_->network->Take(event.argument);
  }
  held_.clear();
  inputs_.clear();
  is_gathering_ = false;
  wake_scheduled_at_ = kNever;
  disk_busy_until_ = 0;
  persisted_ = raft::PersistId();
  waiting_.clear();
  to_apply_.clear();
  is_applying_ = false;
  flushes_.clear();
  incoming_.clear();
  outgoing_.clear();
  fetches_.clear();
  world_->phases->EndAllOf(slot_);
}

void Host::Resume() {
  if (!is_paused_) return;
  is_paused_ = false;
  // All that has come in the meantime is there at once.
  is_gathering_ = true;
  const std::vector<Event> held = std::exchange(held_, {});
  for (const Event& event : held) OnEvent(event);
  Feed(raft::Tick{});
  StepNow();
}

void Host::SetPace(uint64_t pace) {
  clock_.SetPace(pace, now());
  if (IsUp() && !is_paused_) ScheduleWake();
}

void Host::DamageLog(Prng& prng) {
  const Index base = disk_.base().last.index;
  if (disk_.last() <= base) return;
  const Index from = base + prng.Between(1, disk_.last() - base);
  disk_.Damage(from);
  checker().OnDiskCut(id_, from);
}

void Host::Wipe() {
  disk_.Wipe();
  checker().OnDiskWiped(id_);
}

void Host::Feed(raft::Event event) {
  inputs_.push_back({clock_.Now(now()), std::move(event)});
  checker().OnInput(*core_, inputs_.back());
  if (is_gathering_) return;
  if (prng_.Chance(world_->profile->batch_per_mille, 1000)) {
    is_gathering_ = true;
    Schedule(EventKind::kBatch, prng_.Below(3 * kMillisecond));
    return;
  }
  StepNow();
}

void Host::StepNow() {
  is_gathering_ = false;
  if (inputs_.empty()) return;
  core_->Step(inputs_, out_);
  checker().OnStep(*core_, out_);
  inputs_.clear();
  TraceHash& trace = *world_->trace;
  trace.Mix(core_->term().value() << 8 | static_cast<uint64_t>(core_->role()));
  trace.Mix(core_->commit().value() << 32 | core_->log().last().index.value());
  trace.Mix(out_.send_now.size() << 32 | out_.send_after_persist.size() << 16 |
            out_.persist.entries.size());
  CarryOut();
}

void Host::CarryOut() {
  if (!out_.persist.IsEmpty()) StartWrite();
  for (raft::Message& message : out_.send_now) SendOut(std::move(message));
  for (raft::Message& message : out_.send_after_persist) {
    waiting_.push_back({out_.after, std::move(message)});
  }
  if (!out_.committed.empty()) {
    std::move(out_.committed.begin(), out_.committed.end(), std::back_inserter(to_apply_));
    if (!is_applying_) {
      is_applying_ = true;
      Schedule(EventKind::kApply, world_->profile->apply.Pick(prng_));
    }
  }
  for (const raft::ReadReady& ready : out_.reads_ready) OnReadReady(ready);
  for (const raft::ReadRefused& refused : out_.reads_refused) OnReadRefused(refused);
  for (const raft::SnapshotWanted& wanted : out_.snapshots_wanted) OnSnapshotWanted(wanted);
  for (const raft::EntriesWanted& wanted : out_.entries_wanted) {
    fetches_.push_back(wanted);
    Schedule(EventKind::kFetched, world_->profile->disk_write.Pick(prng_), fetches_.size() - 1);
  }
  for (const raft::ProposalResult& result : out_.proposals) Answer(result);
  for (const raft::ConfigChangeResult& result : out_.config_changes) {
    world_->answers->OnChanged(result);
  }
  for (const raft::TransferResult& result : out_.transfers) {
    world_->answers->OnTransferred(id_, result);
    const bool started = result.outcome == raft::TransferOutcome::kStarted;
    if (started) world_->phases->Begin(Phase::kTransfer, slot_);
    if (result.outcome == raft::TransferOutcome::kTimedOut) {
      world_->phases->End(Phase::kTransfer, slot_);
    }
  }
  for (const raft::Notice& notice : out_.notices) {
    if (notice.kind == raft::NoticeKind::kHealed) disk_.ClearDamage();
  }
  WatchPhases();
  ScheduleWake();
}

void Host::WatchPhases() {
  PhaseTracker& phases = *world_->phases;
  const raft::Role role = core_->role();
  if (role != seen_role_) {
    const bool stands = role == raft::Role::kPreCandidate || role == raft::Role::kCandidate;
    stands ? phases.Begin(Phase::kElection, slot_) : phases.End(Phase::kElection, slot_);
    if (role != raft::Role::kLeader) phases.End(Phase::kTransfer, slot_);
    seen_role_ = role;
  }
  const bool is_joint = role == raft::Role::kLeader && core_->config().IsJoint();
  is_joint ? phases.Begin(Phase::kJoint, slot_) : phases.End(Phase::kJoint, slot_);
  if (is_catching_up_ && core_->commit() >= catches_up_to_) {
    is_catching_up_ = false;
    phases.End(Phase::kRestart, slot_);
  }
}

void Host::ScheduleWake() {
  const Micros at = clock_.When(out_.wake_at, now());
  if (at >= wake_scheduled_at_) return;  // it looks again then
  wake_scheduled_at_ = at;
  Schedule(EventKind::kWake, at - now(), at);
}

void Host::OnEvent(const Event& event) {
  const bool is_stale = event.epoch != 0 && event.epoch != epoch_;
  if (is_stale || !IsUp()) {
    if (event.kind == EventKind::kDeliver) (void)world_->network->Take(event.argument);
    return;
  }
  if (is_paused_) return held_.push_back(event);
  switch (event.kind) {
    case EventKind::kDeliver:
      return OnDeliver(event.argument);
    case EventKind::kWake:
      if (event.argument != wake_scheduled_at_) return;
      wake_scheduled_at_ = kNever;
      // It may have been put off in the meantime.
      if (clock_.When(out_.wake_at, now()) > now()) return ScheduleWake();
      return Feed(raft::Tick{});
    case EventKind::kBatch:
      return StepNow();
    case EventKind::kDiskDone:
      return OnDiskDone();
    case EventKind::kApply:
      return OnApply();
    case EventKind::kFlush:
      return OnFlushDue();
    case EventKind::kFlushDone:
      return OnFlushDone();
    case EventKind::kFetched:
      return OnFetched(event.argument);
    case EventKind::kSnapshotMade:
      return OnSnapshotMade(NodeId(event.argument));
    case EventKind::kSnapshotBroke:
      world_->phases->End(Phase::kSnapshotSent, (uint64_t{slot_} << 16) | event.argument);
      return Feed(raft::SnapshotFailed{NodeId(event.argument)});
    case EventKind::kPeerLost:
      return Feed(raft::PeerLost{NodeId(event.argument >> 1), (event.argument & 1) != 0});
    default:
      return;
  }
}

}  // namespace keel::sim
