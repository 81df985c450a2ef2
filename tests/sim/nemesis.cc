#include "tests/sim/nemesis.h"

#include <algorithm>
#include <utility>

namespace keel::sim {

namespace {

// An aim that cannot be met in this world is given up after this.
constexpr Micros kAimPatience = 5 * kSecond;

}  // namespace

Nemesis::Nemesis(World* world, Prng prng, std::vector<Cell> aims)
    : world_(world), prng_(prng), aims_(std::move(aims)) {}

// Most faults are short; some outlast several elections.
Micros Nemesis::Duration() {
  if (world_->profile().long_faults) return prng_.Between(24 * kSecond, 36 * kSecond);
  if (prng_.OneIn(5)) return prng_.Between(2 * kSecond, 8 * kSecond);
  if (prng_.OneIn(2)) return prng_.Between(10 * kMillisecond, 300 * kMillisecond);
  return prng_.Between(300 * kMillisecond, 2 * kSecond);
}

Micros Nemesis::Act() {
  const Micros next = world_->profile().fault_every.Pick(prng_);
  if (is_over_) return next;
  (void)ReplaceWiped();
  if (world_->profile().long_faults) {
    if (active_.empty()) (void)Start(PickLasting());
    return next;
  }
  if (aim_ < aims_.size() && prng_.Chance(2, 3)) {
    FollowAim();
  } else if (active_.size() < world_->profile().faults_at_once) {
    const std::vector<FaultKind>& faults = CoreChart().faults;
    (void)Start(faults[prng_.Below(faults.size())]);
  }
  return next;
}

// A fault that goes on until it is ended, and that a majority can live with.
FaultKind Nemesis::PickLasting() {
  constexpr std::array<FaultKind, 10> kLasting{
      FaultKind::kOneWay, FaultKind::kOneWay,      FaultKind::kBridge,   FaultKind::kBridge,
      FaultKind::kCut,    FaultKind::kStalledDisk, FaultKind::kSlowDisk, FaultKind::kPause,
      FaultKind::kCrash,  FaultKind::kLoss};
  return kLasting[prng_.Below(kLasting.size())];
}

void Nemesis::FollowAim() {
  const Cell& aim = aims_[aim_];
  if (aim_since_ == 0) aim_since_ = world_->now();
  if (world_->now() > aim_since_ + kAimPatience) return NextAim();
  if (strikes_) return;
  if (world_->phases().IsUnderWay(aim.phase)) {
    strikes_ = true;
    return world_->Schedule(EventKind::kStrike, 0);
  }
  Provoke(aim.phase);
}

void Nemesis::NextAim() {
  ++aim_;
  aim_since_ = 0;
  strikes_ = false;
}

void Nemesis::OnPhaseBegun(Phase phase) {
  if (is_over_ || strikes_ || aim_ >= aims_.size() || aim_since_ == 0) return;
  if (aims_[aim_].phase != phase) return;
  strikes_ = true;
  Micros delay = 0;
  if (prng_.OneIn(2)) delay = prng_.Below(2 * kMillisecond);
  if (phase == Phase::kElection && prng_.OneIn(3)) delay = prng_.Below(50 * kMillisecond);
  if (phase == Phase::kSteady) delay = prng_.Below(500 * kMillisecond);
  world_->Schedule(EventKind::kStrike, delay);
}

void Nemesis::Strike() {
  if (is_over_ || aim_ >= aims_.size() || !strikes_) return;
  strikes_ = false;
  const Cell aim = aims_[aim_];
  if (!world_->phases().IsUnderWay(aim.phase)) return;
  if (Start(aim.fault)) NextAim();
}

void Nemesis::Provoke(Phase phase) {
  switch (phase) {
    case Phase::kElection:
      if (Host* leader = world_->Leader()) TakeDown(*leader, FaultKind::kKill, Duration());
      return;
    case Phase::kJoint:
      if (!StartAlter() && !StartReplace()) (void)StartAdd();
      return;
    case Phase::kSnapshotSent:
    case Phase::kSnapshotInstalled:
      // Who joins behind a compacted log needs a snapshot.
      if (Host* leader = world_->Leader()) leader->CompactNow(0);
      if (!StartAdd()) (void)StartReplace();
      return;
    case Phase::kTransfer:
      (void)StartTransfer();
      return;
    case Phase::kCompaction:
      (void)StartCompact();
      return;
    case Phase::kRestart:
      (void)StartCrash();
      return;
    case Phase::kLeaseExpiry:
    case Phase::kDiskFull:
    case Phase::kRepair:
    case Phase::kHandOver:
    case Phase::kGap:
    case Phase::kSteady:
      return;
  }
}

bool Nemesis::Start(FaultKind kind) {
  switch (kind) {
    case FaultKind::kLoss:
      return StartWeather(WeatherKind::kLoss, kind);
    case FaultKind::kDuplicate:
      return StartWeather(WeatherKind::kDuplicate, kind);
    case FaultKind::kReorder:
      return StartWeather(WeatherKind::kReorder, kind);
    case FaultKind::kDelay:
      return StartWeather(WeatherKind::kDelay, kind);
    case FaultKind::kCut:
      return StartCut();
    case FaultKind::kOneWay:
      return StartOneWay();
    case FaultKind::kBridge:
      return StartBridge();
    case FaultKind::kCrash:
      return StartCrash();
    case FaultKind::kSlowDisk:
      return StartSlowDisk();
    case FaultKind::kStalledDisk:
      return StartStalledDisk();
    case FaultKind::kDamage:
      return StartDamage();
    case FaultKind::kLostState:
      return StartLostState();
    case FaultKind::kWipe:
      return StartWipe();
    case FaultKind::kSkew:
      return StartSkew();
    case FaultKind::kPause:
      return StartPause();
    case FaultKind::kKill:
      return StartKill();
    case FaultKind::kReset:
      return StartReset();
    case FaultKind::kTransfer:
      return StartTransfer();
    case FaultKind::kAdd:
      return StartAdd();
    case FaultKind::kAlter:
      return StartAlter();
    case FaultKind::kRemove:
      return StartRemove(/*leader=*/false);
    case FaultKind::kRemoveLeader:
      return StartRemove(/*leader=*/true);
    case FaultKind::kReplace:
      return StartReplace();
    case FaultKind::kSettings:
      return StartSettings();
    case FaultKind::kCompact:
      return StartCompact();
    case FaultKind::kFullDisk:
    case FaultKind::kBrokenSync:
    case FaultKind::kStop:
    case FaultKind::kOutage:
    case FaultKind::kArchiveSlow:
    case FaultKind::kArchiveFull:
    case FaultKind::kArchiveErrors:
    case FaultKind::kArchivePower:
    case FaultKind::kArchiveTorn:
      break;
  }
  return false;
}

void Nemesis::Count(FaultKind kind) {
  ++started_[static_cast<size_t>(kind)];
  ++change_count_;
  world_->phases().FaultStarted(kind);
  world_->Tell("fault: " + std::string(ToString(kind)));
}

void Nemesis::Begin(FaultKind kind, Micros lasts, std::function<void()> undo) {
  Count(kind);
  active_.push_back({++last_id_, kind, std::move(undo)});
  world_->Schedule(EventKind::kFaultEnds, lasts, last_id_);
}

void Nemesis::OnFaultEnds(uint64_t id) {
  const auto at = std::find_if(active_.begin(), active_.end(),
                               [id](const Active& active) { return active.id == id; });
  if (at == active_.end()) return;
  const Active ended = std::move(*at);
  active_.erase(at);
  ++change_count_;
  world_->Tell("ends: " + std::string(ToString(ended.kind)));
  ended.undo();
}

void Nemesis::HealAll() {
  is_over_ = true;
  while (!active_.empty()) OnFaultEnds(active_.front().id);
  world_->Tell("everything is healed");
}

}  // namespace keel::sim
