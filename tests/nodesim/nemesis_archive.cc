// The nemesis and the archive: its disk, its machine, and leaders that die while they write to it.
#include "tests/nodesim/nemesis.h"

namespace keel::nodesim {

bool Nemesis::StartArchiveFault(FaultKind kind) {
  Depot& depot = stage_->depot();
  if (!depot.is_on() || IsActive(kind)) return false;
  switch (kind) {
    case FaultKind::kArchiveSlow:
      depot.SetSlow(true);
      Begin(kind, [&depot] { depot.SetSlow(false); });
      return true;
    case FaultKind::kArchiveFull:
      depot.SetFull(true);
      Begin(kind, [&depot] { depot.SetFull(false); });
      return true;
    case FaultKind::kArchiveErrors:
      depot.SetErrors(static_cast<uint32_t>(prng_.OneIn(2) ? 1'000 : prng_.Between(20, 300)));
      Begin(kind, [&depot] { depot.SetErrors(0); });
      return true;
    case FaultKind::kArchivePower:
      LoseArchivePower();
      return true;
    case FaultKind::kArchiveTorn:
      return StartArchiveDeath();
    default:
      return false;
  }
}

void Nemesis::LoseArchivePower() {
  if (!stage_->depot().is_on() || is_over_) return;
  Count(FaultKind::kArchivePower);
  stage_->depot().LosePower();
}

// The leader dies between two operations of a put; every other time the archive's machine goes
// soon after, when somebody may have gone on behind what was left there.
bool Nemesis::StartArchiveDeath() {
  Place* leader = stage_->Leader();
  if (leader == nullptr || leader->is_stopping) return false;
  stage_->depot().KillWithin(leader->member->id(), [this, leader] {
    if (is_over_ || !leader->member->IsUp()) return;
    Count(FaultKind::kArchiveTorn);
    stage_->Kill(*leader, {.mode = simfs::LossMode::kNothing});
    stage_->StartLater(*leader, Duration());
    if (prng_.OneIn(2)) {
      stage_->timeline().After(prng_.Below(3'000'000), [this] { LoseArchivePower(); });
    }
  });
  return true;
}

// Nothing can be written until the log has gone over what waits for it.
void Nemesis::ProvokeGap() {
  Depot& depot = stage_->depot();
  if (!depot.is_on() || IsActive(FaultKind::kArchiveErrors)) return;
  depot.SetErrors(1'000);
  Begin(FaultKind::kArchiveErrors, [&depot] { depot.SetErrors(0); });
}

}  // namespace keel::nodesim
