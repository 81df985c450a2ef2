#include "tests/nodesim/nemesis.h"

#include <algorithm>
#include <utility>

namespace keel::nodesim {

using sim::Phase;

namespace {

constexpr uint64_t kFirstActUs = 10'000;
// An aim that cannot be met in this world is given up after this.
constexpr uint64_t kAimPatienceUs = 4'000'000;

}  // namespace

Nemesis::Nemesis(Stage* stage, uint64_t seed)
    : stage_(stage), prng_(seed ^ 0x6e656d65736973u), aims_(AimsOf(seed, NodeChart())) {
  stage_->SetListener(this);
}

void Nemesis::Start() {
  stage_->timeline().After(kFirstActUs, [this] { Act(); });
}

// Most faults are short; some outlast several elections.
uint64_t Nemesis::Duration() {
  if (prng_.OneIn(5)) return prng_.Between(2'000'000, 7'000'000);
  if (prng_.OneIn(2)) return prng_.Between(10'000, 300'000);
  return prng_.Between(300'000, 2'000'000);
}

void Nemesis::Act() {
  if (is_over_) return;
  if (aim_ < aims_.size() && prng_.Chance(4, 5)) {
    FollowAim();
  } else if (active_.size() < stage_->profile().faults_at_once) {
    const std::vector<FaultKind>& faults = NodeChart().faults;
    (void)Try(faults[prng_.Below(faults.size())]);
  }
  stage_->timeline().After(stage_->profile().fault_every.Pick(prng_), [this] { Act(); });
}

void Nemesis::FollowAim() {
  const sim::Cell& aim = aims_[aim_];
  if (aim_since_us_ == 0) aim_since_us_ = stage_->now_us();
  if (stage_->now_us() > aim_since_us_ + kAimPatienceUs) return NextAim();
  if (strikes_) return;
  if (stage_->phases().IsUnderWay(aim.phase)) {
    strikes_ = true;
    return Strike();
  }
  Provoke(aim);
}

void Nemesis::NextAim() {
  ++aim_;
  aim_since_us_ = 0;
  strikes_ = false;
}

void Nemesis::OnPhaseBegun(Phase phase) {
  if (is_over_ || strikes_ || aim_ >= aims_.size() || aim_since_us_ == 0) return;
  if (aims_[aim_].phase != phase) return;
  strikes_ = true;
  uint64_t delay_us = 0;
  if (prng_.OneIn(2)) delay_us = prng_.Below(2'000);
  if (phase == Phase::kElection && prng_.OneIn(3)) delay_us = prng_.Below(50'000);
  if (phase == Phase::kLeaseExpiry) delay_us = prng_.Below(200'000);
  if (phase == Phase::kSteady) delay_us = prng_.Below(200'000);
  stage_->timeline().After(delay_us, [this] { Strike(); });
}

void Nemesis::Strike() {
  if (is_over_ || aim_ >= aims_.size() || !strikes_) return;
  strikes_ = false;
  const sim::Cell aim = aims_[aim_];
  if (!stage_->phases().IsUnderWay(aim.phase)) return;
  if (Try(aim.fault)) NextAim();
}

void Nemesis::OnOutput(const raft::Output& out) {
  for (const raft::ConfigChangeResult& result : out.config_changes) {
    if (asked_.has_value() && result.refusal == raft::ConfigRefusal::kNone) Count(*asked_);
    asked_.reset();
  }
  for (const raft::TransferResult& result : out.transfers) {
    if (result.outcome == raft::TransferOutcome::kStarted) Count(FaultKind::kTransfer);
  }
}

void Nemesis::Provoke(const sim::Cell& aim) {
  switch (aim.phase) {
    case Phase::kElection:
      if (Place* leader = stage_->Leader()) {
        stage_->Kill(*leader, {.mode = simfs::LossMode::kNothing});
        stage_->StartLater(*leader, Duration());
      }
      return;
    case Phase::kJoint:
      if (!StartAlter() && !StartReplace()) (void)StartAdd();
      return;
    case Phase::kSnapshotSent:
    case Phase::kSnapshotInstalled:
      if (aim.fault == FaultKind::kDamage || aim.fault == FaultKind::kLostState) {
        return LeaveOneBehind();
      }
      // Who joins behind a compacted log needs a snapshot; so does who has lost its state.
      if (!prng_.OneIn(2) || !StartLostState()) (void)StartAdd();
      return;
    case Phase::kTransfer:
      (void)StartTransfer();
      return;
    case Phase::kHandOver:
      if (!prng_.OneIn(2) || !StartTransfer()) (void)StartCrash(FaultKind::kKill);
      return;
    case Phase::kGap:
      ProvokeGap();
      return;
    case Phase::kRestart:
      (void)StartCrash(FaultKind::kCrash);
      return;
    case Phase::kDiskFull:
      (void)StartFullDisk();
      return;
    case Phase::kRepair:
      if (!prng_.OneIn(2) || !StartDamage()) (void)StartLostState();
      return;
    case Phase::kCompaction:   // it comes by itself: logs are short here
    case Phase::kLeaseExpiry:  // and so do these two
    case Phase::kSteady:
      return;
  }
}

// For what may strike only while everybody is whole and of one config: who was down for long comes
// back behind a log that has been compacted.
void Nemesis::LeaveOneBehind() {
  for (const Place& place : stage_->places()) {
    if (!place.is_retired && !place.member->IsUp()) return;
  }
  Place* place = PickUp();
  if (place == nullptr) return;
  stage_->Kill(*place, {.mode = simfs::LossMode::kNothing});
  stage_->StartLater(*place, prng_.Between(1'000'000, 5'000'000));
}

bool Nemesis::Try(FaultKind kind) {
  switch (kind) {
    case FaultKind::kLoss:
    case FaultKind::kDuplicate:
    case FaultKind::kReorder:
    case FaultKind::kDelay:
      return StartWeather(kind);
    case FaultKind::kCut:
    case FaultKind::kOneWay:
      return StartSplit(kind);
    case FaultKind::kBridge:
      return StartBridge();
    case FaultKind::kReset:
      return StartReset();
    case FaultKind::kCrash:
    case FaultKind::kKill:
      return StartCrash(kind);
    case FaultKind::kStop:
      return StartStop();
    case FaultKind::kOutage:
      return StartOutage();
    case FaultKind::kSkew:
      return StartSkew();
    case FaultKind::kPause:
      return StartPause();
    default:
      if (kind >= FaultKind::kArchiveSlow) return StartArchiveFault(kind);
      return TryDisk(kind) || TryOperator(kind);
  }
}

bool Nemesis::TryDisk(FaultKind kind) {
  switch (kind) {
    case FaultKind::kSlowDisk:
      return StartSlowDisk();
    case FaultKind::kStalledDisk:
      return StartStalledDisk();
    case FaultKind::kFullDisk:
      return StartFullDisk();
    case FaultKind::kBrokenSync:
      return StartBrokenSync();
    case FaultKind::kDamage:
      return StartDamage();
    case FaultKind::kLostState:
      return StartLostState();
    default:
      return false;
  }
}

bool Nemesis::TryOperator(FaultKind kind) {
  switch (kind) {
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
    default:
      return false;
  }
}

void Nemesis::Count(FaultKind kind) {
  ++started_[static_cast<size_t>(kind)];
  stage_->phases().FaultStarted(kind);
  stage_->trace().Mix(static_cast<uint64_t>(kind));
  stage_->Tell("fault: " + std::string(ToString(kind)));
}

void Nemesis::Begin(FaultKind kind, std::function<void()> undo) {
  Count(kind);
  active_.push_back({++last_id_, kind, std::move(undo)});
  stage_->timeline().After(Duration(), [this, id = last_id_] { End(id); });
}

void Nemesis::End(uint64_t id) {
  const auto at = std::find_if(active_.begin(), active_.end(),
                               [id](const Active& active) { return active.id == id; });
  if (at == active_.end()) return;
  const Active ended = std::move(*at);
  active_.erase(at);
  stage_->Tell("ends: " + std::string(ToString(ended.kind)));
  ended.undo();
}

bool Nemesis::IsActive(FaultKind kind) const {
  return std::any_of(active_.begin(), active_.end(),
                     [kind](const Active& active) { return active.kind == kind; });
}

Nemesis::Place* Nemesis::PickUp() {
  if (prng_.OneIn(3)) {
    Place* leader = stage_->Leader();
    if (leader != nullptr && !leader->is_stopping) return leader;
  }
  std::vector<Place*> up;
  for (Place& place : stage_->places()) {
    if (place.member->IsUp() && !place.is_stopping) up.push_back(&place);
  }
  return up.empty() ? nullptr : up[prng_.Below(up.size())];
}

void Nemesis::HealAll() {
  is_over_ = true;
  stage_->depot().SpareAll();
  while (!active_.empty()) End(active_.front().id);
  stage_->cluster().network().MendAll();
  for (Place& place : stage_->places()) {
    if (!place.is_stopping) stage_->Start(place);
  }
  stage_->Tell("everything is healed");
}

}  // namespace keel::nodesim
