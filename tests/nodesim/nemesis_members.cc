// The nemesis and single members: their processes, disks and clocks.
#include <utility>

#include "base/check.h"
#include "tests/nodesim/nemesis.h"

namespace keel::nodesim {

namespace {

constexpr char kWal[] = "/data/wal";
constexpr uint64_t kSkewMillionthsMax = 45'000;  // within what raft::Options allows

}  // namespace

// As a power cut, or as the death of the process alone.
bool Nemesis::StartCrash(FaultKind kind) {
  Place* place = PickUp();
  if (place == nullptr) return false;
  Count(kind);
  stage_->Kill(*place, kind == FaultKind::kKill ? simfs::Loss{.mode = simfs::LossMode::kNothing}
                                                : place->member->AnyLossNow());
  stage_->StartLater(*place, Duration());
  return true;
}

// The power fails for all at the same moment; it comes back for each at another.
bool Nemesis::StartOutage() {
  if (PickUp() == nullptr) return false;
  Count(FaultKind::kOutage);
  const uint64_t dark_us = Duration();
  if (prng_.OneIn(2)) LoseArchivePower();
  for (Place& place : stage_->places()) {
    if (!place.member->IsUp() || place.is_stopping) continue;
    stage_->Kill(place, place.member->AnyLossNow());
    stage_->StartLater(place, dark_us + prng_.Below(500'000));
  }
  return true;
}

bool Nemesis::StartStop() {
  Place* place = PickUp();
  if (place == nullptr) return false;
  Count(FaultKind::kStop);
  stage_->Stop(*place, [this, place] { stage_->StartLater(*place, is_over_ ? 0 : Duration()); });
  return true;
}

bool Nemesis::StartSlowDisk() {
  Place* place = PickUp();
  if (place == nullptr) return false;
  place->member->SetDiskPace({.least_us = 2'000, .most_us = prng_.Between(10'000, 200'000)});
  Begin(FaultKind::kSlowDisk, [place, starts = place->member->starts()] {
    if (!place->member->IsUp() || place->member->starts() != starts) return;
    place->member->SetDiskPace({.least_us = 20, .most_us = 1'500});
  });
  return true;
}

bool Nemesis::StartStalledDisk() {
  Place* place = PickUp();
  if (place == nullptr || place->member->is_paused()) return false;
  place->member->SetDiskStalled(true);
  Begin(FaultKind::kStalledDisk, [place, starts = place->member->starts()] {
    if (!place->member->IsUp() || place->member->starts() != starts) return;
    if (!place->member->is_paused()) place->member->SetDiskStalled(false);
  });
  return true;
}

bool Nemesis::StartFullDisk() {
  Place* place = PickUp();
  if (place == nullptr || stage_->phases().IsUnderWay(sim::Phase::kDiskFull)) return false;
  simfs::SimulatedFileSystem& files = place->member->files();
  files.SetCapacity(files.UsedBytes() + 1 + prng_.Below(4'096));
  const uint64_t key = place->member->id().value();
  Begin(FaultKind::kFullDisk, [this, &files, key] {
    files.SetCapacity(0);
    stage_->phases().End(sim::Phase::kDiskFull, key);
  });
  stage_->phases().Begin(sim::Phase::kDiskFull, key);
  return true;
}

// The next sync of the log or of the vote fails: the node must stop, and is started again.
bool Nemesis::StartBrokenSync() {
  Place* place = PickUp();
  if (place == nullptr || place->may_fail || place->member->is_paused()) return false;
  place->may_fail = true;
  auto broke = std::make_shared<bool>(false);
  place->member->files().SetHook([broke](const simfs::Operation& operation) -> simfs::Fault {
    const bool is_log = operation.path.starts_with(kWal) || operation.path == "/data/vote";
    if (operation.kind != simfs::OperationKind::kSync || !is_log || *broke) return {};
    *broke = true;
    return {.kind = simfs::Fault::Kind::kError, .status = Unavailable("fsync: Input/output error")};
  });
  Begin(FaultKind::kBrokenSync, [this, place, broke, starts = place->member->starts()] {
    const bool is_same = place->member->IsUp() && place->member->starts() == starts;
    if (!is_same) return;
    place->member->files().SetHook({});
    if (!*broke) {
      place->may_fail = false;
      return;
    }
    // It may be paused, or have been told only now.
    stage_->timeline().After(1'000'000, [this, place, starts] {
      const bool goes_on = place->member->IsUp() && place->member->starts() == starts &&
                           !place->member->is_paused() && place->member->failure().ok() &&
                           !place->is_stopping;
      if (!goes_on) return;
      stage_->checker().Report("stops-on-failed-sync", place->member->id(),
                               "a sync of its log failed, and it goes on");
    });
  });
  return true;
}

bool Nemesis::EverybodyIsWhole() {
  for (const Place& place : stage_->places()) {
    if (!place.is_retired && place.is_unwhole) return false;
  }
  return true;
}

// What a disk had promised to keep is lost on a minority only: here, of one voter at a time, in a
// config that is settled.
bool Nemesis::MayLoseDisk(const Place& place) {
  Place* leader = stage_->WorkingLeader();
  if (is_over_ || leader == nullptr || !EverybodyIsWhole()) return false;
  const raft::Raft& core = leader->member->node().core();
  const raft::Config& config = core.config();
  if (config.IsJoint() || core.configs().current_index() > core.commit()) return false;
  if (asked_.has_value()) return false;
  // Whoever has not heard of the config yet may still count by an earlier one.
  for (const Place& other : stage_->places()) {
    if (other.is_retired || config.Find(other.member->id()) == nullptr) continue;
    if (!other.member->IsUp()) return false;
    if (other.member->node().core().config() != config) return false;
  }
  return !config.IsVoter(place.member->id()) || config.VoterCount() >= 3;
}

// Anywhere in the log, of which a clean stop has said that all is there.
void Nemesis::FlipBits(Place& place) {
  simfs::SimulatedFileSystem& files = place.member->files();
  const auto names = files.List(kWal);
  if (!names.ok() || names->empty()) return;
  for (uint64_t flips = prng_.Between(1, 4); flips > 0; --flips) {
    const std::string path = std::string(kWal) + "/" + (*names)[prng_.Below(names->size())];
    const auto size_bytes = files.SizeBytes(path);
    if (!size_bytes.ok() || *size_bytes == 0) continue;
    const Status flipped = files.FlipBit(path, prng_.Below(*size_bytes * 8));
    KEEL_CHECK(flipped.ok()) << flipped;
  }
  stage_->ledger().OnTampered(place.member->id());
}

bool Nemesis::StartDamage() {
  Place* place = PickUp();
  if (place == nullptr || !MayLoseDisk(*place)) return false;
  stage_->SetUnwhole(*place);
  Count(FaultKind::kDamage);
  stage_->Stop(*place, [this, place] {
    FlipBits(*place);
    stage_->StartLater(*place, is_over_ ? 0 : prng_.Below(1'000'000));
  });
  return true;
}

bool Nemesis::StartLostState() {
  Place* place = PickUp();
  if (place == nullptr || !MayLoseDisk(*place)) return false;
  stage_->SetUnwhole(*place);
  Count(FaultKind::kLostState);
  stage_->Kill(*place, {.mode = simfs::LossMode::kNothing});
  const Status lost = place->member->LoseState();
  KEEL_CHECK(lost.ok()) << lost;
  stage_->StartLater(*place, prng_.Below(1'000'000));
  return true;
}

bool Nemesis::StartSkew() {
  Place* place = PickUp();
  if (place == nullptr) return false;
  const uint64_t millionths = prng_.Between(1'000, kSkewMillionthsMax);
  node_test::SimClock& clock = place->member->clock();
  clock.SetPace(prng_.OneIn(2) ? node_test::SimClock::Pace{.fast_millionths = millionths}
                               : node_test::SimClock::Pace{.slow_millionths = millionths});
  if (prng_.OneIn(2)) clock.SetWallAheadUs(prng_.Below(120'000'000));
  Begin(FaultKind::kSkew, [&clock] { clock.SetPace({}); });
  return true;
}

bool Nemesis::StartPause() {
  Place* place = PickUp();
  if (place == nullptr || place->member->is_paused()) return false;
  place->member->SetPaused(true);
  stage_->depot().SetPaused(place->member->id(), true);
  Begin(FaultKind::kPause, [this, place, starts = place->member->starts()] {
    if (place->member->IsUp() && place->member->starts() == starts) {
      place->member->SetPaused(false);
      stage_->depot().SetPaused(place->member->id(), false);
    }
  });
  return true;
}

}  // namespace keel::nodesim
